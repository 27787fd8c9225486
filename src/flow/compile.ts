/** A network becomes a C project in a folder. */
import { type AssetFolder, assetPath } from '../base/assets.js';
import { type FileMap, type Files, files as realFiles } from '../base/files.js';
import { assertFits, type Planned, planFor } from './plan.js';
import type { Compile } from './requests.js';
import type { CompileResult } from './results.js';

export const compile: Compile = async (request) => {
  const planned = await planFor(request);
  assertFits(planned.result);
  return writeProject(planned, request.out);
};

/** What says that a folder is a project of ours. */
const manifestName = 'reflow.json';

/** The file of a board that is not one of the package's, beside the project that was planned for it. */
export const ownBoardName = 'board.json';

/** Writes the project; the folder is replaced as a whole or left as it was. */
export async function writeProject(
  planned: Planned,
  folder: string,
  files: Files = realFiles,
): Promise<CompileResult> {
  const { network, board, graph, plan, project, result } = planned;
  const manifest = {
    name: graph.name,
    board: board.id,
    network: network.file,
    modelHash: network.modelHash,
    planHash: result.planHash,
    arenaBytes: plan.regions[0]!.bytes,
    arenaMemory: plan.regions[0]!.name,
    memories: plan.regions.slice(1).map(({ name, bytes }) => ({ name, bytes })),
    placedWeights: project.placedWeights.map(({ memory, copy }) => ({ memory, copy })),
    weightBytes: project.weightBytes,
    streamedInputBytes: project.streamedInputBytes,
    sources: project.sources,
    includeDirs: [] as string[],
  };
  const contents = new Map<string, string | Uint8Array>([
    [manifestName, `${JSON.stringify(manifest, null, 2)}\n`],
  ]);
  if (planned.boardDocument !== null) contents.set(ownBoardName, planned.boardDocument);
  for (const [path, content] of project.files) {
    contents.set(path, 'text' in content ? content.text : await files.read(assetOf(content.asset)));
  }
  await files.writeFolder(folder, contents satisfies FileMap, (names) => names.includes(manifestName));
  return {
    network: graph.name,
    board: board.id,
    folder,
    files: [...contents.keys()].sort(),
    arenaBytes: plan.arenaBytes,
    weightBytes: project.weightBytes,
  };
}

function assetOf(path: string): string {
  const [folder, ...parts] = path.split('/');
  return assetPath(folder as AssetFolder, ...parts);
}
