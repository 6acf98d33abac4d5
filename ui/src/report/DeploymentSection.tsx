import type { Deploy, ReportDocument } from "../parts/document";
import { count, known, num, plural } from "../parts/format";
import { GateList } from "../parts/GateList";
import { Empty, KeyNumbers, Panel, Section } from "../parts/Layout";
import { ReleaseLog } from "../parts/ReleaseLog";
import { Status, toneOf } from "../parts/Status";
import { liveVersion } from "../parts/conclude";

export function DeploymentSection({ document: d }: { document: ReportDocument }) {
  const all = [d.deploy, ...(d.deployments ?? [])].filter((x): x is Deploy => Boolean(x));
  const register = d.register;
  if (all.length === 0 && !register) {
    return <Section id="deployment" title="Deployment"><Empty>Nothing was registered or deployed.</Empty></Section>;
  }
  const live = liveVersion(d);
  const verdict = all.length === 0
    ? `Version ${register?.version ?? "?"} is registered but not deployed${register?.reason ? `: ${register.reason}` : ""}.`
    : `Version ${live ?? "?"} of ${all[0]?.name ?? "the model"} answers requests; what it serves is what was evaluated.`;
  const honest = all.length > 0 && all.every((x) => x.parity?.ok !== false && x.self_test?.ok !== false);
  return (
    <Section id="deployment" title="Deployment" verdict={honest || all.length === 0 ? verdict : `A deployment did not pass its tests: version ${all.find((x) => x.parity?.ok === false || x.self_test?.ok === false)?.version ?? "?"}.`}>
      {register && (
        <p className="reason">
          Registered as <b>{register.name} version {register.version ?? "?"}</b>{register.aliases?.length ? ` (${register.aliases.join(", ")})` : ""}
          {register.promoted ? ", promoted" : ", not promoted"}{register.reason ? `: ${register.reason}` : ""}.
        </p>
      )}
      {all.map((x, at) => <DeploymentPanel key={at} deploy={x} first={at === 0} />)}
      {all.length === 0 && <Empty>The deployment did not run.</Empty>}
    </Section>
  );
}

function DeploymentPanel({ deploy: x, first }: { deploy: Deploy; first: boolean }) {
  const limit = x.gates?.find((g) => g.metric === "serving.p99_ms")?.limit;
  const test = (ok: boolean | null | undefined) => (ok === undefined || ok === null ? <Status tone="open">not run</Status>
    : <Status tone={ok ? "good" : "bad"}>{ok ? "passed" : "failed"}</Status>);
  return (
    <Panel wide title={`Version ${x.version ?? "?"}${first ? "" : ", after a promotion"}`}
      lead={<><Status tone={toneOf(x.state)}>{x.state ?? "unknown"}</Status>{x.url && <> at <code>{x.url}</code></>}</>}>
      <KeyNumbers items={[
        { label: "Self-test", value: test(x.self_test?.ok), note: `${plural(x.self_test?.rows, "row")} of its own example` },
        { label: "Served = evaluated", value: test(x.parity?.ok),
          note: `differs by ${num(x.parity?.max_difference)} at most on ${plural(x.parity?.rows, "row")}; limit ${num(x.parity?.limit)}` },
        { label: "Median answer", value: `${num(x.latency?.p50_ms)} ms`, note: `${count(x.latency?.requests)} requests` },
        { label: "99 of 100 within", value: `${num(x.latency?.p99_ms)} ms`, note: known(limit) ? `limit ${num(limit)} ms` : "no limit declared" },
      ]} />
      {(x.gates?.length ?? 0) > 0 && <GateList gates={x.gates ?? []} />}
      {x.release && (
        <>
          <p className="lead">{x.release.phase === "promoted" ? "It took over from" : "It did not take over from"} version{" "}
            {x.release.stable ?? "?"} by {x.release.strategy ?? "a release"}, with rows of the newest data played as traffic.</p>
          <ReleaseLog release={x.release} />
        </>
      )}
    </Panel>
  );
}
