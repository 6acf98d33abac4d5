import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Ends the build if the sources below `ui` have a type error. */
export function checkTypes(ui) {
  const types = spawnSync(process.execPath, [join(ui, "node_modules/typescript/bin/tsc"), "--noEmit"],
    { cwd: ui, stdio: "inherit" });
  if (types.status !== 0) process.exit(types.status ?? 1);
}
