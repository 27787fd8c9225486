/** A campaign's file: networks x boards x settings, and how patient to be. README shows one. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ReflowError } from '../../base/error.js';
import { files } from '../../base/files.js';
import { sha256 } from '../../base/hash.js';
import { type Board, memoryFor } from '../../hw/board.js';
import { boardById, type Catalogue } from '../../hw/catalogue.js';
import { planDefaults } from '../requests.js';

const unitSchema = z.strictObject({
  /** Serial port of a hardware board. */
  port: z.string().min(1).optional(),
  /** The host that it is connected to; absent: whoever reads the file. */
  host: z.string().min(1).optional(),
  /** A program with its arguments that resets the board, for example one that switches a USB port off and on. */
  reset: z.array(z.string().min(1)).min(1).optional(),
});

const placeSchema = z.strictObject({
  board: z.string().min(1),
  /** Column of the table; the board's id when absent. */
  name: z.string().min(1).optional(),
  /** Boards of this kind that share its trials; absent: one, which for an emulator or this machine needs no port. */
  units: z.array(unitSchema).min(1).optional(),
});

const settingSchema = z.strictObject({
  objective: z.enum(['ram', 'balanced', 'speed']).default(planDefaults.objective),
  input: z.enum(['resident', 'streamed']).default(planDefaults.input),
  seconds: z.number().positive().default(planDefaults.seconds),
});

const repeatSchema = z.strictObject({
  /** Runs of one trial at least and at most. */
  least: z.number().int().min(1).default(3),
  most: z.number().int().min(1).default(400),
  /**
   * Half of the 95 % confidence interval of the median, relative to it, that is tight enough; absent: 1 % of cycles and
   * instructions, 20 % of wall-clock time.
   */
  precision: z.number().positive().optional(),
});

const limitsSchema = z.strictObject({
  /** One trial from its plan to its last run. */
  trialSeconds: z.number().positive().default(600),
  /** One inference. */
  runSeconds: z.number().positive().default(120),
  /** Times that a trial is tried on a healthy board. */
  attempts: z.number().int().min(1).default(2),
  /** After so long without a sign of life a host's trials go to others. */
  leaseSeconds: z.number().min(1).default(30),
});

const fileSchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_.-]+$/, 'letters, digits, dots and dashes'),
  /** Paths relative to the file; `*` stands for any part of a file's name. */
  networks: z.array(z.string().min(1)).min(1),
  boards: z.array(z.union([z.string().min(1), placeSchema])).min(1),
  settings: z.array(settingSchema.partial()).min(1).default([{}]),
  repeat: repeatSchema.prefault({}),
  limits: limitsSchema.prefault({}),
});

export type Setting = z.infer<typeof settingSchema>;
export type Repeat = z.infer<typeof repeatSchema>;
export type Limits = z.infer<typeof limitsSchema>;
export type UnitSpec = z.infer<typeof unitSchema>;

export interface Place {
  readonly name: string;
  readonly board: Board;
  readonly units: readonly UnitSpec[];
}

/** What is tried: one network on one place with one setting. */
export interface Trial {
  readonly id: string;
  readonly title: string;
  /** Path of the network's file. */
  readonly network: string;
  readonly networkName: string;
  readonly networkBytes: number;
  readonly place: Place;
  readonly setting: Setting;
}

export interface Campaign {
  readonly name: string;
  readonly places: readonly Place[];
  /** In the order of the table: by network, then board, then setting. */
  readonly trials: readonly Trial[];
  readonly repeat: Repeat;
  readonly limits: Limits;
}

/** @throws ReflowError E_INPUT, E_FILE, E_BOARD */
export async function readCampaign(path: string, catalogue: Catalogue): Promise<Campaign> {
  const text = Buffer.from(await files.read(path)).toString();
  const { name, repeat, limits, ...parsed } = parseCampaign(text, path);
  const places = parsed.boards.map((entry) => placeOf(entry, catalogue, path));
  const twice = places.find(({ name }, index) => places.findIndex((other) => other.name === name) < index);
  if (twice) {
    throw failure(path, `two boards are named ${twice.name}`, 'give one of them another "name"');
  }
  const settings = parsed.settings.map((setting) => settingSchema.parse(setting));
  const trials: Trial[] = [];
  for (const network of await networksOf(parsed.networks, path)) {
    const bytes = await files.read(network);
    const modelHash = sha256(bytes);
    for (const place of places) {
      for (const setting of settings) {
        const words = settings.length === 1 ? '' : ` (${settingText(setting)})`;
        trials.push({
          id: sha256(JSON.stringify([modelHash, place.name, place.board.id, setting])).slice(0, 24),
          title: `${basename(network)} on ${place.name}${words}`,
          network,
          networkName: basename(network),
          networkBytes: bytes.length,
          place,
          setting,
        });
      }
    }
  }
  const same = trials.find(({ id }, index) => trials.findIndex((other) => other.id === id) < index);
  if (same) throw failure(path, `${same.title} is listed twice`, 'list every network and setting once');
  return { name, places, trials, repeat, limits };
}

/** @throws ReflowError E_INPUT: no JSON, or a field that is wrong or does not exist */
export function parseCampaign(text: string, path: string): z.infer<typeof fileSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw failure(path, 'is not JSON', 'correct the file', error);
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues
    .slice(0, 3)
    .map(({ path: where, message }) => `${where.join('.')}: ${message}`);
  throw failure(path, faults.join('; '), 'README shows a campaign file', parsed.error);
}

export function settingText({ objective, input, seconds }: Setting): string {
  return `${objective}, ${input}${seconds === planDefaults.seconds ? '' : `, ${seconds} s`}`;
}

function placeOf(entry: string | z.infer<typeof placeSchema>, catalogue: Catalogue, path: string): Place {
  const {
    board: id,
    name,
    units,
  } = typeof entry === 'string' ? { board: entry, name: undefined, units: undefined } : entry;
  const board = boardById(catalogue, id);
  const place = { name: name ?? id, board, units: units ?? [{}] };
  memoryFor(board, 'arena');
  for (const { port, host } of place.units) {
    if (board.kind === 'hardware' && port === undefined)
      throw failure(
        path,
        `${place.name} is a real board without a port`,
        'give it "units": [{"port": "/dev/ttyACM0"}]',
      );
    if (board.kind !== 'hardware' && (port !== undefined || host !== undefined))
      throw failure(path, `${place.name} is no board at a port or a host`, 'leave "port" and "host" out');
  }
  return place;
}

/** Files by path or by a pattern in the last part of one; sorted, each once. */
async function networksOf(patterns: readonly string[], path: string): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of patterns) {
    const full = resolve(dirname(path), pattern);
    if (!basename(full).includes('*')) {
      found.push(full);
      continue;
    }
    const wanted = new RegExp(
      `^${basename(full)
        .split('*')
        .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
        .join('.*')}$`,
    );
    const names = (await readdir(dirname(full)).catch(() => [])).filter((name) => wanted.test(name));
    if (names.length === 0) throw failure(path, `no file matches ${pattern}`, 'correct the pattern');
    found.push(...names.sort().map((name) => join(dirname(full), name)));
  }
  return [...new Set(found)];
}

function failure(path: string, what: string, hint: string, cause?: unknown): ReflowError {
  return new ReflowError('E_INPUT', `campaign ${path}: ${what}`, hint, { cause });
}
