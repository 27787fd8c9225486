/** The folder of C that `compile` writes: what its `reflow.json` says. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Files } from '../base/files.js';
import { parseDocument } from '../hw/parse-document.js';

const relative = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'must stay inside the project');

const memoryName = z.string().regex(/^[a-z][a-z0-9_]*$/);

const projectSchema = z.object({
  /** C identifier: the network's value is `<name>_network`. */
  name: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
  board: z.string(),
  modelHash: z.string(),
  planHash: z.string(),
  arenaBytes: z.number().int().nonnegative(),
  /** The memory that the caller's arena is meant for; absent: the board's first for arenas. */
  arenaMemory: memoryName.optional(),
  /** What the network keeps in other memories. */
  memories: z.array(z.object({ name: memoryName, bytes: z.number().int().positive() })).default([]),
  /** Weights elsewhere than in the board's first memory for weights, and those that are copied into RAM. */
  placedWeights: z.array(z.object({ memory: memoryName, copy: memoryName.nullable() })).default([]),
  weightBytes: z.number().int().nonnegative(),
  /** Size of an input that arrives row by row; 0 when all inputs are resident. */
  streamedInputBytes: z.number().int().nonnegative().default(0),
  /** All .c files, relative to the folder. */
  sources: z.array(relative.endsWith('.c')).min(1),
  includeDirs: z.array(relative),
});

export interface Project extends Readonly<z.infer<typeof projectSchema>> {
  readonly folder: string;
}

/** @throws ReflowError E_FILE when the folder holds no project, or a damaged one */
export async function readProject(files: Files, folder: string): Promise<Project> {
  const where = join(folder, 'reflow.json');
  const text = Buffer.from(await files.read(where)).toString();
  return { ...parseDocument({ code: 'E_FILE', schema: projectSchema, checks: [] }, text, where), folder };
}
