import type { ReactNode } from "react";
import type { ReportDocument } from "../parts/document";
import { ErrorFence } from "../parts/ErrorFence";
import { CharterSection } from "./CharterSection";
import { DataSection } from "./DataSection";
import { DeploymentSection } from "./DeploymentSection";
import { EvaluationSection } from "./EvaluationSection";
import { Header } from "./Header";
import { MonitoringSection } from "./MonitoringSection";
import { Nav } from "./Nav";
import { ProfileHeader } from "./ProfileHeader";
import { RetrainingSection } from "./RetrainingSection";
import { LineageSection, RunSection } from "./RunSection";
import { TrainingSection } from "./TrainingSection";

const CHAPTERS = [
  { id: "charter", title: "Charter", show: CharterSection },
  { id: "data", title: "Data", show: DataSection },
  { id: "training", title: "Training", show: TrainingSection },
  { id: "evaluation", title: "Evaluation", show: EvaluationSection },
  { id: "deployment", title: "Deployment", show: DeploymentSection },
  { id: "monitoring", title: "Monitoring", show: MonitoringSection },
  { id: "retraining", title: "Retraining", show: RetrainingSection },
  { id: "lineage", title: "Lineage", show: LineageSection },
  { id: "run", title: "Run", show: RunSection },
];
const PROFILE = CHAPTERS.filter((c) => c.id === "data");

function Frame({ children }: { children: ReactNode }) {
  return <main className="page">{children}<footer className="footer">Written by Quern. This page holds its own data and needs no network.</footer></main>;
}

export function App({ document: d }: { document: ReportDocument }) {
  const profile = d.view === "profile";
  const chapters = profile ? PROFILE : CHAPTERS;
  return (
    <>
      <a className="skip" href="#content">Skip to the content</a>
      <Nav chapters={chapters} project={d.project ?? "report"} />
      <Frame>
        <ErrorFence part="head of the page">{profile ? <ProfileHeader document={d} /> : <Header document={d} />}</ErrorFence>
        <div id="content" tabIndex={-1}>
          {chapters.map(({ id, title, show: Chapter }) => (
            <ErrorFence key={id} part={title}><Chapter document={d} /></ErrorFence>
          ))}
        </div>
      </Frame>
    </>
  );
}
