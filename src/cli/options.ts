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
} as const;

/** Flags of every command that talks to a board; their --input is a file, so streaming has a flag of its own. */
export const boardRequestOptions = {
  ...shapeOption,
  ...boardOption,
  ...portOption,
  objective: planOptions.objective,
  streamed: { describe: 'deliver the input row by row', type: 'boolean', default: false },
  seconds: planOptions.seconds,
} as const;

interface BoardArguments {
  readonly network: string;
  readonly shape?: readonly string[] | undefined;
  readonly board: string;
  readonly port: string | undefined;
  readonly objective: string;
  readonly streamed: boolean;
  readonly seconds: number;
}

export function boardRequest({
  network,
  shape,
  board,
  port,
  streamed,
  seconds,
  ...args
}: BoardArguments): BoardRequest {
  // The parser has checked the choice; here it gets its type.
  const objective = args.objective as BoardRequest['plan']['objective'];
  return {
    ...networkRequest({ network, shape }),
    board,
    port: port ?? null,
    plan: { objective, input: streamed ? 'streamed' : 'resident', seconds },
  };
}

export const inputOption = {
  input: {
    describe: 'an input file, one per input: .npy .bin .csv .png .jpg .wav',
    type: 'string',
    array: true,
  },
} as const;
