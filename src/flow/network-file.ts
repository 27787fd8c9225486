/** A network's file: its bytes, hash, name and graph. */
import { basename, extname } from 'node:path';
import { type Files, files as realFiles } from '../base/files.js';
import { sha256 } from '../base/hash.js';
import type { Graph } from '../ir/graph.js';
import { importNetwork } from './compile-graph.js';

export interface NetworkFile {
  /** The file's name without folders. */
  readonly file: string;
  /** SHA-256 of the bytes, hexadecimal. */
  readonly modelHash: string;
  /** As imported, operators as the file has them. */
  readonly graph: Graph;
}

/** @throws ReflowError E_FILE, E_MODEL_FORMAT, E_GRAPH, E_UNSUPPORTED for an element type that does not exist here */
export async function readNetwork(path: string, files: Files = realFiles): Promise<NetworkFile> {
  const bytes = await files.read(path);
  return { file: basename(path), modelHash: sha256(bytes), graph: importNetwork(bytes, identifier(path)) };
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
