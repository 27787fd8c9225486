/** Flags that several commands share. */
import { defaultStorePath } from '../store/default-path.js';

export const networkPositional = {
  network: { describe: 'the network: a .tflite or .onnx file', type: 'string', demandOption: true },
} as const;

export const boardOption = {
  board: { describe: 'id of the board (see reflow boards)', type: 'string', demandOption: true },
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
    default: 'balanced',
  },
  input: {
    describe: 'whether the whole input lies in the arena or is delivered by rows',
    choices: ['resident', 'streamed'],
    default: 'resident',
  },
  seconds: { describe: 'how long the planner may search', type: 'number', default: 10 },
} as const;

export const inputOption = {
  input: {
    describe: 'an input file, one per input: .npy .bin .csv .png .jpg .wav',
    type: 'string',
    array: true,
  },
} as const;
