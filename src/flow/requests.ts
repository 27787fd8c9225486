/** What the long stories are asked, one request each: the command line's arguments and the package's parameters. */
import type { FlashRoute } from '../hw/board.js';
import type { ArchitectureResult } from './architecture-result.js';
import type { MlperfResult } from './mlperf-result.js';
import type { Progress } from './progress.js';
import type {
  BuildResult,
  CompileResult,
  DeployResult,
  DoctorResult,
  FlashResult,
  InspectResult,
  InstanceResult,
  PlanResult,
  ProfileResult,
  RunResult,
  VerifyResult,
} from './results.js';

/** A long story. Fails with ReflowError only. */
export type Story<Request, Result> = (request: Request, progress: Progress) => Promise<Result>;

export interface InspectRequest {
  /** Path of a network's file. */
  readonly network: string;
  /** Shapes for inputs that an .onnx file leaves open, by the input's name, in the file's order of axes. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
}

/** What the planner is to do. */
export interface PlanChoice {
  readonly objective: 'ram' | 'balanced' | 'speed';
  /** Whether the whole input lies in the arena, or arrives row by row. */
  readonly input: 'resident' | 'streamed';
  /** Bound on the planner's effort. */
  readonly seconds: number;
  /** Kernels that are wanted instead of the preferred ones: rules of `chooseKernels`. */
  readonly kernels?: readonly string[];
  /** `kv-free`: transformers do without keys and values: less memory, more multiplications, other roundings. Absent: `exact`. */
  readonly attention?: AttentionChoice;
}

export type AttentionChoice = 'exact' | 'kv-free';

/** What is planned when nobody says otherwise. The search seldom takes a third of the time, then the plan does not depend on it. */
export const planDefaults: PlanChoice = { objective: 'balanced', input: 'resident', seconds: 3 };

export interface PlanRequest extends InspectRequest, PlanChoice {
  readonly board: string;
}

export interface ArchitectureRequest extends InspectRequest, PlanChoice {
  /** Id of a board to plan for; null for what the sizes alone say. */
  readonly board: string | null;
}

/** A bare allocation problem, in MiniMalloc's CSV. */
export interface InstanceRequest {
  readonly file: string;
  /** Bytes to fit into; null asks for the lowest layout. */
  readonly capacity: number | null;
  readonly seconds: number;
}

export interface CompileRequest extends PlanRequest {
  /** The folder that the C project replaces. */
  readonly out: string;
}

export interface BuildRequest {
  /** A folder that `compile` made. */
  readonly folder: string;
}

export interface FlashRequest {
  /** A folder with an image, its description, or a .bin. */
  readonly image: string;
  readonly port: string | null;
  /** Id of the board; null for the one that the image names. */
  readonly board: string | null;
  /** Null for the first of the board's ways. */
  readonly via: FlashRoute | null;
  /** Name of the modem-line sequence into the ROM bootloader; null when a person does it. */
  readonly entry: string | null;
  /** The store that keeps wear and content of the board's sectors. */
  readonly store: string;
  /** `nothing`: every byte is read back, whatever the record of the last flash says. */
  readonly trust: 'sample' | 'nothing';
}

export interface DoctorRequest {
  /** A serial port to look at; null for the installed programs alone. */
  readonly port: string | null;
  /** Id of the board that should be on it. */
  readonly board: string | null;
}

/** A request that talks to a board. */
export interface BoardRequest extends InspectRequest {
  readonly board: string;
  /** Serial port of a real board; null for emulators and the host. */
  readonly port: string | null;
  readonly plan: PlanChoice;
}

export interface RunRequest extends BoardRequest {
  /** One file per input of the network. */
  readonly inputs: readonly string[];
  /** Folder for every tensor that the plan materialises; null for none. */
  readonly layers: string | null;
}

export interface VerifyRequest extends BoardRequest {
  /** Folder of golden vectors; null compares with the host reference alone. */
  readonly golden: string | null;
  /** A folder that \`compile\` made, perhaps edited since, to verify instead of a fresh one; null for a fresh one. */
  readonly project: string | null;
}

/** MLPerf Tiny's length of an energy window. */
export const defaultWindowSeconds = 10;

export interface ProfileRequest extends BoardRequest {
  readonly runs: number;
  /** A meter or a capture, such as `lpm01a:/dev/ttyACM1,volts=3.3`; null for none. */
  readonly energy: string | null;
  /** Length of a window under a meter, seconds. */
  readonly windowSeconds: number;
  /** By a model of the board's chip, without the board. */
  readonly modelled: boolean;
  /** Path of the measurement store. */
  readonly store: string;
}

export interface MlperfRequest extends BoardRequest {
  readonly store: string;
  /** When a window is long enough; null: both rules, and either of them where instructions are counted. */
  readonly rule: MlperfResult['rule'] | null;
}

export interface DeployRequest extends BoardRequest {
  /** One file per input; empty for a generated input. */
  readonly inputs: readonly string[];
  readonly store: string;
}

export type Inspect = Story<InspectRequest, InspectResult>;
export type PlanStory = Story<PlanRequest, PlanResult>;
export type ArchitectureStory = Story<ArchitectureRequest, ArchitectureResult>;
export type PlanInstance = Story<InstanceRequest, InstanceResult>;
export type Compile = Story<CompileRequest, CompileResult>;
export type Build = Story<BuildRequest, BuildResult>;
export type Flash = Story<FlashRequest, FlashResult>;
export type Doctor = Story<DoctorRequest, DoctorResult>;
export type RunStory = Story<RunRequest, RunResult>;
export type Verify = Story<VerifyRequest, VerifyResult>;
export type Profile = Story<ProfileRequest, ProfileResult>;
export type Mlperf = Story<MlperfRequest, MlperfResult>;
export type Deploy = Story<DeployRequest, DeployResult>;
