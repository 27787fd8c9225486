/** Project-wide settings: `reflow.config.json` in the working directory. Flags win over them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ReflowError } from '../base/error.js';

export const configName = 'reflow.config.json';

/** Each setting is the default of the flag of the same name, in every command that has that flag. */
const configSchema = z.strictObject({
  board: z.string().min(1).optional(),
  port: z.string().min(1).optional(),
  store: z.string().min(1).optional(),
  objective: z.enum(['ram', 'balanced', 'speed']).optional(),
  seconds: z.number().positive().optional(),
  runs: z.number().int().positive().optional(),
  energy: z.string().min(1).optional(),
});

export type Config = z.infer<typeof configSchema>;

/** The settings in `folder`; none when there is no such file. @throws ReflowError E_CONFIG */
export async function readConfig(folder: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(join(folder, configName), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw failure(
      `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'check its rights',
      error,
    );
  }
  return parseConfig(text);
}

/** @throws ReflowError E_CONFIG: no JSON, a setting that does not exist, or a value of the wrong kind */
export function parseConfig(text: string): Config {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw failure('is not JSON', 'correct the file', error);
  }
  const parsed = configSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) =>
    [path.join('.'), message].filter(Boolean).join(': '),
  );
  throw failure(
    faults.join('; '),
    `settings are ${Object.keys(configSchema.shape).join(', ')}`,
    parsed.error,
  );
}

function failure(what: string, hint: string, cause: unknown): ReflowError {
  return new ReflowError('E_CONFIG', `${configName}: ${what}`, hint, { cause });
}
