import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ErrorFence } from "../../parts/ErrorFence";
import { bytes } from "../../parts/format";
import { Icon } from "../../parts/Icon";
import { Failed, Skeleton } from "../../parts/States";
import { listArtifacts, type ArtifactFile } from "../api/mlflow";
import { Viewer } from "./Viewer";

/** Files of a run: the tree, and what is in the one that is chosen. */
export function Artifacts({ run, path, open }: { run: string; path: string; open: (path: string) => void }) {
  const files = useFolder(run, "");
  if (files.isError) return <Failed error={files.error} retry={() => { void files.refetch(); }} />;
  if (!files.data) return <Skeleton lines={6} label="Loading the files" />;
  if (files.data.length === 0) return <p className="empty">The run kept no file.</p>;
  return (
    <div className="artifacts">
      <nav className="tree panel" aria-label="Files of the run"><Folder run={run} files={files.data} path={path} open={open} depth={0} /></nav>
      <div className="viewer panel">
        {path ? <ErrorFence key={path} part={path}><Viewer key={path} run={run} path={path} size={sizeIn(files.data, path)} /></ErrorFence>
          : <p className="muted">Choose a file to see what is in it.</p>}
      </div>
    </div>
  );
}

const sizeIn = (files: readonly ArtifactFile[], path: string) => files.find((file) => file.path === path)?.file_size;

function useFolder(run: string, path: string, enabled = true) {
  return useQuery({ queryKey: ["artifacts", run, path], enabled, queryFn: ({ signal }) => listArtifacts(run, path, signal) });
}

const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1);

function Folder(props: { run: string; files: readonly ArtifactFile[]; path: string; open: (path: string) => void; depth: number }) {
  const sorted = [...props.files].sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path, undefined, { numeric: true }));
  return (
    <ul>
      {sorted.map((file) => (
        <li key={file.path}>{file.is_dir ? <Branch {...props} folder={file} /> : <Leaf file={file} path={props.path} open={props.open} />}</li>
      ))}
    </ul>
  );
}

function Branch({ folder, ...props }: { folder: ArtifactFile; run: string; path: string; open: (path: string) => void; depth: number }) {
  const [unfolded, setUnfolded] = useState(props.path.startsWith(`${folder.path}/`) || props.depth === 0);
  const inside = useFolder(props.run, folder.path, unfolded);
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
