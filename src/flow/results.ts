/**
 * What the long stories return: the JSON documents of the command line, field by field (DESIGN.md, "Command line"), and
 * the typed results of the package's functions. Names carry units; sizes are bytes, hashes SHA-256 in hexadecimal.
 */
import type { DType } from '../ir/tensor.js';
import type { McuformerModel } from '../plan/mcuformer.js';
import type { Cause } from '../profile/cycles/cost.js';
import type { NetworkFormat } from './compile-graph.js';
import type { MemoryInfo, PartInfo, RegionInfo } from './memory-results.js';

/** What an operator or a network costs, in the unit of the board's counter. Different units are never mixed. */
export type Cost =
  | { readonly instructions: number } // an emulator
  | { readonly cycles: number } // hardware
  | { readonly us: number }; // wall clock of this computer

/** How a cost came to be. */
export type CostSource = 'measured' | 'emulated' | 'modelled';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, e.g. a version; empty when nothing was. */
  readonly found: string;
  /** The exact command that installs it; empty when all is well. */
  readonly fix: string;
  /** True when reflow works without it; then it does not count for DoctorResult.ok. */
  readonly optional: boolean;
  /** What it is for. */
  readonly purpose: string;
}

/** What is at a serial port. */
export interface PortReport {
  readonly path: string;
  /** Id of the board that should be there; null when nobody said. */
  readonly board: string | null;
  /** A Finding of src/flash, or `loader` or `reflow-application` when a program of reflow answers. */
  readonly finding: string;
  /** True when the board can be flashed now. */
  readonly ok: boolean;
  readonly found: string;
  readonly fix: string;
  /** How the named board is wired; null without one. */
  readonly wiring: string | null;
  /** Text for /etc/udev/rules.d, when rights are missing. */
  readonly udevRule: string | null;
}

export interface DoctorResult {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  /** Null when no port was named. */
  readonly port: PortReport | null;
}

export interface BoardInfo {
  readonly id: string;
  readonly summary: string;
  readonly kind: 'host' | 'emulator' | 'hardware';
  readonly target: string;
  readonly clockHz: number | null;
  readonly counter: 'instructions' | 'cycles' | 'wall';
  readonly memories: readonly {
    readonly name: string;
    readonly base: number;
    readonly bytes: number;
    readonly kind: string;
    readonly uses: readonly string[];
    /** Of the core, to read in order; a model, from the board's file or what is usual for the kind. */
    readonly cyclesPerByte: number;
    readonly cached: boolean | null;
    readonly dma: boolean | null;
    readonly source: string | null;
  }[];
  /** The serial line, e.g. "USART2 on PA2 (TX) and PA3 (RX), 921600 baud"; null where it is no board's. */
  readonly line: string | null;
  /** Ways to flash it, the best first; empty where nothing is flashed. */
  readonly flashRoutes: readonly string[];
  /** How its pins reach the ROM bootloader. */
  readonly wiring: string | null;
  /** Option bits that change what is measured or how it is flashed. */
  readonly optionBits: readonly { readonly name: string; readonly bit: number; readonly effect: string }[];
  readonly notes: readonly string[];
  readonly source: string;
}

export interface BoardsResult {
  readonly boards: readonly BoardInfo[];
}

export interface TensorInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Null when the tensor is not quantised. */
  readonly scale: number | null;
  readonly zeroPoint: number | null;
}

export interface OpInfo {
  readonly index: number;
  readonly kind: string;
  /** The file's name of the operator, e.g. CONV_2D. */
  readonly label: string;
  readonly outputShape: readonly number[];
  readonly macs: number;
  readonly params: number;
}

export interface UnsupportedOp {
  readonly index: number;
  readonly op: string;
  readonly reason: string;
  readonly hint: string;
}

export interface InspectResult {
  readonly network: string;
  readonly modelHash: string;
  readonly format: NetworkFormat;
  readonly ops: readonly OpInfo[];
  readonly macs: number;
  readonly params: number;
  readonly weightBytes: number;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly unsupported: readonly UnsupportedOp[];
}

/** One interval of the arena: bytes offset..offset+bytes in `region`, steps first..last (half open). */
export interface BufferInfo {
  /** Null for an operator's scratch. */
  readonly tensor: number | null;
  readonly name: string;
  readonly region: string;
  readonly offset: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  /** Position in `steps` of the operator that writes it; null for an input of the network. */
  readonly producer: number | null;
}

export interface PlanResult {
  readonly network: string;
  readonly board: string;
  readonly modelHash: string;
  readonly planHash: string;
  readonly objective: 'ram' | 'balanced' | 'speed';
  readonly input: 'resident' | 'streamed';
  readonly arenaBytes: number;
  readonly lowerBoundBytes: number;
  readonly provenOptimal: boolean;
  /** What placed the buffers: the native core, or the TypeScript solver where that was not built. */
  readonly engine: 'native' | 'typescript';
  readonly family: string;
  readonly macs: number;
  readonly extraMacs: number;
  readonly scratchBytes: number;
  /** The operators in the order in which they run; times in `buffers` are positions here. */
  readonly steps: readonly { readonly op: number | null; readonly label: string }[];
  readonly buffers: readonly BufferInfo[];
  /** Each memory of the board; used is what the network takes of it, with the stack and a resident loader. */
  readonly regions: readonly RegionInfo[];
  readonly flashBytes: number;
  readonly fits: boolean;
  /** Ways to make it fit or smaller, best first. */
  readonly advice: readonly string[];
  /** What MCUFormer's models say that a vision transformer of full matrices needs; absent for other networks. */
  readonly mcuformer?: McuformerModel;
  readonly seconds: number;
}

/** A bare allocation problem solved. */
export interface InstanceResult {
  readonly file: string;
  readonly buffers: readonly { readonly id: string; readonly offset: number; readonly size: number }[];
  /** Bytes of the layout; no layout has fewer than `lowerBound`. */
  readonly height: number;
  readonly lowerBound: number;
  /** (height - lowerBound) / lowerBound. */
  readonly gap: number;
  readonly provenOptimal: boolean;
  readonly engine: 'native' | 'typescript';
  readonly seconds: number;
  readonly capacity: number | null;
  /** Whether the layout is within the capacity; null when none was given. */
  readonly fits: boolean | null;
}

export interface CompileResult {
  readonly network: string;
  readonly board: string;
  readonly folder: string;
  /** Paths relative to `folder`. */
  readonly files: readonly string[];
  readonly arenaBytes: number;
  readonly weightBytes: number;
}

export interface BuildResult {
  readonly board: string;
  readonly elf: string;
  /** Null where the image is a process. */
  readonly bin: string | null;
  readonly hex: string | null;
  readonly imageHash: string;
  readonly flashBytes: number;
  readonly textBytes: number;
  readonly rodataBytes: number;
  readonly weightBytes: number;
  readonly ramBytes: number;
  readonly arenaBytes: number;
  /** What lies in each of the board's memories; empty where the image is a process. */
  readonly memories: readonly MemoryInfo[];
  /** What is flashed besides `bin`. */
  readonly parts: readonly PartInfo[];
}

export interface FlashResult {
  readonly board: string;
  /** How: the resident loader, the ROM bootloader, or a tool by name. */
  readonly route: string;
  readonly bytesWritten: number;
  readonly sectorsSkipped: number;
  readonly seconds: number;
  /** Whether all that the flash holds was compared with the image. */
  readonly verified: boolean;
  /** Image bytes that rest on the record of the last flash and on samples. */
  readonly bytesTrusted: number;
  /** Times that reflow has erased the sector of this board that it erased most often; null where no record is kept. */
  readonly mostErases: number | null;
  readonly started: boolean;
}

export interface OutputValues extends TensorInfo {
  /** Stored values, in the tensor's own type. */
  readonly values: readonly number[];
}

export type RunResult = {
  readonly network: string;
  readonly board: string;
  readonly source: CostSource;
  readonly outputs: readonly OutputValues[];
  readonly arenaBytes: number;
  /** How each input file's numbers were taken, in words. */
  readonly inputs: readonly string[];
  /** The folder with every tensor, when it was asked for. */
  readonly layers: string | null;
} & Cost;

export interface Divergence {
  readonly index: number;
  readonly kind: string;
  readonly label: string;
  /** The tensor that differs, by index and name in the network's file. */
  readonly tensor: number;
  readonly name: string;
  readonly differing: number;
  readonly elements: number;
  readonly maxAbsDiff: number;
}

export interface VerifyResult {
  readonly network: string;
  readonly board: string;
  /** What the board was compared with, in words. */
  readonly reference: string;
  readonly equal: boolean;
  readonly layersCompared: number;
  readonly outputs: readonly {
    readonly name: string;
    readonly maxAbsDiff: number;
    readonly rmse: number;
    /** Null when one side is all zeros and the other is not. */
    readonly cosine: number | null;
  }[];
  readonly firstDivergent: Divergence | null;
}

export type OpCost = {
  readonly index: number;
  readonly kind: string;
  readonly label: string;
  readonly outputShape: readonly number[];
  readonly macs: number;
} & Cost;

/** Cycles that a model gives to executed instructions; `byCause` sums up to them, but for rounding. */
export interface ModelledCost {
  readonly instructions: number;
  readonly cycles: number;
  /** Only causes that cost something. */
  readonly byCause: Readonly<Partial<Record<Cause, number>>>;
}

/** What one warm inference takes on a chip by a model of it. Not measured. */
export interface ModelledTime extends ModelledCost {
  readonly source: 'modelled';
  /** Whose chip and clock. */
  readonly board: string;
  readonly clockHz: number;
  /** The virtual board that ran the instructions, and the image that it ran. */
  readonly emulator: string;
  readonly imageHash: string;
  readonly ms: number;
  /** The interval to expect a measurement in. */
  readonly lowMs: number;
  readonly highMs: number;
  readonly intervalPercent: number;
  /** Published runs that the model was compared with. */
  readonly validation: {
    readonly runs: number;
    readonly worstErrorPercent: number;
    readonly source: string;
  };
  readonly notIncluded: readonly string[];
  /** What runs between operators is in none of them. */
  readonly perOp: readonly (ModelledCost & {
    readonly index: number;
    readonly kind: string;
    readonly macs: number;
  })[];
}

/** Energy of one inference: the median over windows, with all that is doubtful. */
export interface EnergyOfRun {
  readonly uJ: number;
  readonly source: CostSource;
  /** The meter or capture that it is from, as it was named. */
  readonly meter: string;
  readonly windows: readonly {
    readonly startS: number;
    readonly endS: number;
    readonly inferences: number;
    readonly uJ: number;
    /** False: too many samples are missing. */
    readonly counted: boolean;
  }[];
  readonly lostEdges: number;
  readonly warnings: readonly string[];
  readonly caveats: readonly string[];
}

export type ProfileResult = {
  readonly network: string;
  readonly board: string;
  readonly clockHz: number | null;
  readonly source: CostSource;
  readonly runs: number;
  readonly modelHash: string;
  readonly planHash: string;
  readonly imageHash: string;
  readonly perOp: readonly OpCost[];
  /** Of the whole network, in the unit of the operators; the same number stands under the unit's name. */
  readonly total: number;
  readonly macs: number;
  readonly stackBytes: number;
  /** Painted high-water mark of the arena in bytes, of all memories together; never above the plan's arenaBytes. */
  readonly arenaHighWater: number;
  readonly arenaBytes: number;
  /** The same for each memory with a part of the arena. */
  readonly memories: readonly { readonly name: string; readonly bytes: number; readonly highWater: number }[];
  /** Energy of one inference with its source; null when none was measured. */
  readonly energy: EnergyOfRun | null;
  /** How the cycles were computed; null where they were counted. */
  readonly modelled: ModelledTime | null;
  /** Id of the run in the measurement store. */
  readonly runId: string;
} & Cost;

export interface DeployResult {
  readonly network: string;
  readonly board: string;
  readonly inspect: InspectResult;
  readonly plan: PlanResult;
  readonly compile: CompileResult;
  readonly build: BuildResult;
  /** Null where nothing is flashed (a process or an emulator). */
  readonly flash: FlashResult | null;
  readonly run: RunResult;
  readonly verify: VerifyResult;
  readonly profile: ProfileResult;
  /** Seconds by stage, in order. */
  readonly stages: readonly { readonly name: string; readonly seconds: number }[];
}

/** What a run leaves in the store for its report. */
export interface RunDocument {
  readonly plan: PlanResult;
  readonly profile: ProfileResult;
  readonly verify: VerifyResult | null;
}
