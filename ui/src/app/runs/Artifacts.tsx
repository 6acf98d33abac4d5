import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ErrorFence } from "../../parts/ErrorFence";
import { bytes } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { Failed, Skeleton } from "../../parts/States";
import { listArtifacts, type ArtifactFile, type FileOwner, type LoggedModel } from "../api/mlflow";
import { Viewer } from "./Viewer";

export interface ArtifactsProps {
  run: string;
  models: readonly LoggedModel[];
  /** The model whose files are looked at; "": those of the run itself. */
  model: string;
  path: string;
  open: (model: string, path: string) => void;
}

/** Files of a run and of the models that it logged: the tree, and what is in the one that is chosen. */
export function Artifacts({ run, models, model, path, open }: ArtifactsProps) {
  const owner: FileOwner = useMemo(() => (model ? { model } : { run }), [model, run]);
  const files = useFolder(owner, "");
  return (
    <>
      {models.length > 0 && (
        <div className="toolbar">
          <div className="segments" role="group" aria-label="Whose files">
            <button type="button" aria-pressed={!model} onClick={() => open("", "")}>Run</button>
            {models.slice(0, 20).map(({ info }) => (
              <button key={info.model_id} type="button" aria-pressed={info.model_id === model} title={info.model_id} onClick={() => open(info.model_id, "MLmodel")}>
                Model <bdi>{info.name.slice(0, 40)}</bdi>
              </button>
            ))}
          </div>
        </div>
      )}
      {files.isError ? <Failed error={files.error} retry={() => { void files.refetch(); }} />
        : !files.data ? <Skeleton lines={6} label="Loading the files" />
          : files.data.length === 0 ? <p className="empty">{model ? "The model has no file." : "The run kept no file."}</p>
            : (
              <div className="artifacts">
                <nav className="tree panel" aria-label="Files"><Folder owner={owner} files={files.data} path={path} open={(file) => open(model, file)} depth={0} /></nav>
                <div className="viewer panel">
                  {path ? <ErrorFence key={path} part={path}><Viewer key={`${model} ${path}`} owner={owner} path={path} size={sizeIn(files.data, path)} /></ErrorFence>
                    : <p className="muted">Choose a file to see what is in it.</p>}
                </div>
              </div>
            )}
    </>
  );
}

const sizeIn = (files: readonly ArtifactFile[], path: string) => files.find((file) => file.path === path)?.file_size;

function useFolder(owner: FileOwner, path: string, enabled = true) {
  return useQuery({ queryKey: ["artifacts", owner, path], enabled, queryFn: ({ signal }) => listArtifacts(owner, path, signal) });
}

const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1);

function Folder(props: { owner: FileOwner; files: readonly ArtifactFile[]; path: string; open: (path: string) => void; depth: number }) {
  const sorted = [...props.files].sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path, undefined, { numeric: true }));
  return (
    <ul>
      {sorted.map((file) => (
        <li key={file.path}>{file.is_dir ? <Branch {...props} folder={file} /> : <Leaf file={file} path={props.path} open={props.open} />}</li>
      ))}
    </ul>
  );
}

function Branch({ folder, ...props }: { folder: ArtifactFile; owner: FileOwner; path: string; open: (path: string) => void; depth: number }) {
  const [unfolded, setUnfolded] = useState(props.path.startsWith(`${folder.path}/`) || props.depth === 0);
  const inside = useFolder(props.owner, folder.path, unfolded);
  return (
    <>
      <button type="button" className="node" aria-expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
        <Icon name={unfolded ? "down" : "right"} /><Icon name="folder" /><bdi>{baseName(folder.path)}</bdi>
      </button>
      {unfolded && inside.isError && <Failed error={inside.error} />}
      {unfolded && inside.data && <Folder {...props} files={inside.data} depth={props.depth + 1} />}
    </>
  );
}

function Leaf({ file, path, open }: { file: ArtifactFile; path: string; open: (path: string) => void }) {
  return (
    <button type="button" className="node is-file" aria-current={file.path === path ? "true" : undefined} onClick={() => open(file.path)}>
      <Icon name="file" /><bdi>{baseName(file.path)}</bdi><small>{bytes(file.file_size ?? 0)}</small>
    </button>
  );
}
