/** Flags that several commands share. */
import { type BoardRequest, planDefaults } from '../flow/requests.js';
import { defaultStorePath } from '../store/default-path.js';
import { networkRequest, shapeOption } from './shape-option.js';

export const networkPositional = {
  network: { describe: 'the network: a .tflite or .onnx file', type: 'string', demandOption: true },
} as const;

export const boardOption = {
  board: {
    describe: "id of the board (see reflow boards), or a board's file (.json)",
    type: 'string',
    demandOption: true,
  },
} as const;

export const portOption = {
  port: { describe: 'serial port of a real board', type: 'string' },
} as const;

export const storeOption = {
  store: { describe: 'file of the measurement store', type: 'string', default: defaultStorePath },
} as const;

export const planOptions = {
  objective: {
    describe: 'what the plan saves first',
    choices: ['ram', 'balanced', 'speed'],
    default: planDefaults.objective,
  },
  input: {
    describe: 'whether the whole input lies in the arena or is delivered by rows',
    choices: ['resident', 'streamed'],
    default: planDefaults.input,
  },
  seconds: { describe: 'how long the planner may search', type: 'number', default: planDefaults.seconds },
  kernel: {
    describe: 'the kernel set of an operator, by number or kind, e.g. 3=ref or conv2d=ref',
    type: 'string',
    array: true,
    default: [],
  },
  attention: {
    describe: 'transformers with keys and values, or without them: less memory, other roundings',
    choices: ['exact', 'kv-free'],
    default: 'exact',
  },
} as const;

/** The parser has checked the choice; what everyone takes is left out. */
export function attentionField(attention: string): Pick<BoardRequest['plan'], 'attention'> {
  return attention === 'kv-free' ? { attention } : {};
}

/** Flags of every command that talks to a board; their --input is a file, so streaming has a flag of its own. */
export const boardRequestOptions = {
  ...shapeOption,
  ...boardOption,
  ...portOption,
  objective: planOptions.objective,
  streamed: { describe: 'deliver the input row by row', type: 'boolean', default: false },
  seconds: planOptions.seconds,
  kernel: planOptions.kernel,
  attention: planOptions.attention,
} as const;

interface BoardArguments {
  readonly network: string;
  readonly shape?: readonly string[] | undefined;
  readonly board: string;
  readonly port: string | undefined;
  readonly objective: string;
  readonly streamed: boolean;
  readonly seconds: number;
  readonly kernel: readonly (string | number)[];
  readonly attention: string;
}

export function boardRequest({
  network,
  shape,
  board,
  port,
  streamed,
  seconds,
  kernel,
  attention,
  ...args
}: BoardArguments): BoardRequest {
  // The parser has checked the choice; here it gets its type.
  const objective = args.objective as BoardRequest['plan']['objective'];
  return {
    ...networkRequest({ network, shape }),
    board,
    port: port ?? null,
    plan: {
      ...{ objective, input: streamed ? 'streamed' : 'resident', seconds },
      kernels: kernel.map(String),
      ...attentionField(attention),
    },
  };
}

export const inputOption = {
  input: {
    describe: 'an input file, one per input: .npy .bin .csv .png .jpg .wav',
    type: 'string',
    array: true,
  },
} as const;
