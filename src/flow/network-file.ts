/** A network's file: its bytes, hash, name and graph. */
import { basename, dirname, extname, join } from 'node:path';
import { ReflowError } from '../base/error.js';
import { type Files, files as realFiles } from '../base/files.js';
import { sha256 } from '../base/hash.js';
import { externalFiles } from '../import/onnx.js';
import type { Graph } from '../ir/graph.js';
import { formatOf, importNetwork, type NetworkFormat } from './compile-graph.js';
import type { InspectRequest } from './requests.js';

export interface NetworkFile {
  /** The file's name without folders. */
  readonly file: string;
  readonly format: NetworkFormat;
  /** SHA-256 of the bytes, those of the files beside it included, hexadecimal. */
  readonly modelHash: string;
  /** As imported, operators as the file has them. */
  readonly graph: Graph;
}

/** @throws ReflowError E_FILE, E_MODEL_FORMAT, E_GRAPH, E_UNSUPPORTED for an element type that does not exist here */
export async function readNetwork(
  { network: path, shapes = {} }: InspectRequest,
  files: Files = realFiles,
): Promise<NetworkFile> {
  const bytes = await files.read(path);
  const name = identifier(path);
  const format = formatOf(bytes, name);
  const beside = format === 'onnx' ? await filesBeside(path, externalFiles(bytes, name), files) : new Map();
  const external = (location: string) => beside.get(location) ?? null;
  const graph = importNetwork(bytes, name, { shapes, external });
  const hashed = beside.size === 0 ? bytes : Buffer.concat([bytes, ...beside.values()]);
  return { file: basename(path), format, modelHash: sha256(hashed), graph };
}

/** The files that hold an .onnx file's data, by the names it gives them; a name that leads out of its folder is not followed. */
async function filesBeside(
  path: string,
  locations: readonly string[],
  files: Files,
): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const location of locations) {
    if (location === '' || location !== basename(location) || location === '..') continue;
    const bytes = await files.read(join(dirname(path), location)).catch((error: unknown) => {
      // The importer says which tensor misses it.
      if (error instanceof ReflowError && error.code === 'E_FILE') return null;
      throw error;
    });
    if (bytes) found.set(location, bytes);
  }
  return found;
}

/** Headers of C99 and of the runtime, which <net>.h would hide, and the runtime's own prefix. */
const taken =
  /^(assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|signal|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|tgmath|time|wchar|wctype|port|image|rf|rf_.*)$/i;

/** Longer names would make file names that no disk takes. */
const longestIdentifier = 100;

/** A C identifier from a file's name: `my-net v2.tflite` becomes `my_net_v2`; names that C or the runtime has get a prefix. */
export function identifier(path: string): string {
  const stem = basename(path, extname(path))
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .slice(0, longestIdentifier);
  return /^[A-Za-z]/.test(stem) && !taken.test(stem) ? stem : `net_${stem}`;
}
