/**
 * The package: `import { plan, deploy } from 'reflow'`. Each function does what the command of its name does and resolves to
 * what that command prints with --json; flags are optional here where they are optional there. Failures reject with
 * ReflowError (a code, one line, what to do next). A result that is bad news is a result: a plan with `fits: false`, a
 * comparison with `equal: false`.
 */
import { build as buildStory } from './flow/build.js';
import { compile as compileStory } from './flow/compile.js';
import { deploy as deployStory } from './flow/deploy.js';
import { flash as flashStory } from './flow/flash.js';
import { inspect as inspectStory } from './flow/inspect.js';
import { listBoards } from './flow/list-boards.js';
import { plan as planStory } from './flow/plan.js';
import { profile as profileStory } from './flow/profile.js';
import { type Progress, silent } from './flow/progress.js';
import {
  type BoardRequest,
  defaultWindowSeconds,
  type FlashRequest,
  type InspectRequest,
  type PlanChoice,
  planDefaults,
} from './flow/requests.js';
import type {
  BoardsResult,
  BuildResult,
  CompileResult,
  DeployResult,
  FlashResult,
  InspectResult,
  PlanResult,
  ProfileResult,
  RunResult,
  VerifyResult,
} from './flow/results.js';
import { run as runStory } from './flow/run.js';
import { verify as verifyStory } from './flow/verify.js';
import { writeReport } from './report/write-report.js';
import { defaultStorePath } from './store/default-path.js';

export { type ErrorCode, errorCodes, ReflowError } from './base/error.js';
export type * from './flow/results.js';
export type { Progress };

interface Common {
  /** Told how the work goes; silent when absent. */
  readonly progress?: Progress;
}

export interface InspectOptions extends Common {
  /** Path of the .tflite or .onnx file. */
  readonly network: string;
  /** Shapes for inputs that an .onnx file leaves open, by name. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
}

/** How the memory is planned: objective `balanced`, the input resident, two seconds at most. */
export type PlanFlags = Partial<PlanChoice>;

export interface PlanOptions extends InspectOptions, PlanFlags {
  /** Id of a board; see `boards`. */
  readonly board: string;
}

export interface CompileOptions extends PlanOptions {
  /** The folder for the C project; one that `compile` made is replaced. */
  readonly out: string;
}

export interface BuildOptions extends Common {
  /** A folder that `compile` made. */
  readonly folder: string;
}

export interface FlashOptions extends Common, StoreOptions {
  /** A folder with an image, its .image.json, or a .bin. */
  readonly image: string;
  /** Serial port of the board, for the ways that need one. */
  readonly port?: string;
  /** Id of the board; the one that the image names when absent. */
  readonly board?: string;
  /** How; the first of the board's ways when absent. */
  readonly via?: NonNullable<FlashRequest['via']>;
  /** `nothing` reads every byte back, whatever the record of the last flash says; `sample` when absent. */
  readonly trust?: FlashRequest['trust'];
  /** How modem lines put the chip into its ROM bootloader; a person does when absent. */
  readonly entry?: string;
}

/** What every function that talks to a board takes. */
export interface OnBoardOptions extends PlanOptions {
  /** Serial port of a real board. */
  readonly port?: string;
}

export interface RunOptions extends OnBoardOptions {
  /** Paths of input files, one per input of the network: .npy .bin .csv .png .jpg .wav. */
  readonly inputs: readonly string[];
  /** Folder for every tensor that the plan materialises. */
  readonly layers?: string;
}

export interface VerifyOptions extends OnBoardOptions {
  /** Folder of golden vectors to compare with instead of the host. */
  readonly golden?: string;
  /** A folder that `compile` made, perhaps edited since, to verify instead of a fresh one. */
  readonly project?: string;
}

export interface StoreOptions {
  /** Path of the measurement store; `.reflow/store.db` when absent. */
  readonly store?: string;
}

export interface ProfileOptions extends OnBoardOptions, StoreOptions {
  /** How many inferences; one when absent. */
  readonly runs?: number;
  /** A meter or a capture, as the flag --energy takes it. */
  readonly energy?: string;
  /** Cycles by a model of the board's chip, without the board. */
  readonly modelled?: boolean;
  /** Length of each of the five windows under a meter; ten seconds when absent. */
  readonly windowSeconds?: number;
}

export interface DeployOptions extends OnBoardOptions, StoreOptions {
  /** Paths of input files; a generated input when absent. */
  readonly inputs?: readonly string[];
}

/** What `deploy` did, and the path of the HTML report. */
export type Deployed = DeployResult & { readonly report: string | null };

/** Every board, or the one with this id. @throws ReflowError E_BOARD */
export function boards(id?: string): Promise<BoardsResult> {
  return listBoards(id ?? null);
}

/** What is in a network's file, and every operator that cannot run. */
export function inspect({ progress = silent, ...options }: InspectOptions): Promise<InspectResult> {
  return inspectStory(networkRequest(options), progress);
}

/** The memory plan of a network for a board, and whether it fits. */
export function plan({ progress = silent, ...options }: PlanOptions): Promise<PlanResult> {
  return planStory({ ...networkRequest(options), board: options.board, ...planChoice(options) }, progress);
}

/** A network as a C project in a folder. */
export function compile(options: CompileOptions): Promise<CompileResult> {
  const { board, out, progress = silent } = options;
  return compileStory({ ...networkRequest(options), board, out, ...planChoice(options) }, progress);
}

/** A C project with its board's firmware as an image. */
export function build({ folder, progress = silent }: BuildOptions): Promise<BuildResult> {
  return buildStory({ folder }, progress);
}

/** An image onto a board, verified where the way allows it. */
export function flash({ image, progress = silent, ...options }: FlashOptions): Promise<FlashResult> {
  const { port = null, board = null, via = null, entry = null, store = defaultStorePath } = options;
  const trust = options.trust ?? 'sample';
  return flashStory({ image, port, board, via, entry, store, trust }, progress);
}

/** One inference on a board. */
export function run(options: RunOptions): Promise<RunResult> {
  const { inputs, layers = null, progress = silent } = options;
  return runStory({ ...boardRequest(options), inputs, layers }, progress);
}

/** A board against the host reference or golden vectors, tensor by tensor. */
export function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { golden = null, project = null, progress = silent } = options;
  return verifyStory({ ...boardRequest(options), golden, project }, progress);
}

/** What every operator costs on a board, kept in the measurement store. */
export function profile(options: ProfileOptions): Promise<ProfileResult> {
  const { runs = 1, energy = null, modelled = false, store = defaultStorePath, progress = silent } = options;
  const { windowSeconds = defaultWindowSeconds } = options;
  return profileStory({ ...boardRequest(options), runs, energy, windowSeconds, modelled, store }, progress);
}

/** Compile, build, boot, run, verify, profile and report in one go. */
export async function deploy(options: DeployOptions): Promise<Deployed> {
  const { inputs = [], store = defaultStorePath, progress = silent } = options;
  const result = await deployStory({ ...boardRequest(options), inputs, store }, progress);
  const { report } = await writeReport({ store, run: result.profile.runId, out: null, list: false });
  return { ...result, report };
}

function networkRequest({ network, shapes }: Omit<InspectOptions, 'progress'>): InspectRequest {
  return shapes ? { network, shapes } : { network };
}

function planChoice(flags: PlanFlags): PlanChoice {
  return {
    objective: flags.objective ?? planDefaults.objective,
    input: flags.input ?? planDefaults.input,
    seconds: flags.seconds ?? planDefaults.seconds,
    kernels: flags.kernels ?? [],
    ...(flags.attention && { attention: flags.attention }),
  };
}

function boardRequest(options: OnBoardOptions): BoardRequest {
  const { board, port = null } = options;
  return { ...networkRequest(options), board, port, plan: planChoice(options) };
}
