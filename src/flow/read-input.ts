/** A file that a person has (array, text, picture, recording) as the bytes of a network's input. */
import { basename, extname } from 'node:path';
import { type Files, files } from '../base/files.js';
import { type Decoded, type InputTensor, type Refuse, refusalFor } from './input/input-tensor.js';
import { quantise } from './input/quantise.js';
import { readImage } from './input/read-image.js';
import { readNpy } from './input/read-npy.js';
import { readBin, readCsv } from './input/read-plain.js';
import { readWav } from './input/read-wav.js';

export type { InputTensor } from './input/input-tensor.js';

export interface InputBytes {
  /** Exactly the tensor's bytes, little endian. */
  readonly bytes: Uint8Array;
  /** In words, how the file's numbers were taken, e.g. `pixels as 0..1 (x / 255)`; to be shown to the user. */
  readonly convention: string;
}

const decoders: Readonly<Record<string, (file: Uint8Array, tensor: InputTensor, refuse: Refuse) => Decoded>> =
  {
    '.npy': readNpy,
    '.bin': readBin,
    '.csv': readCsv,
    '.wav': readWav,
    '.png': (file, tensor, refuse) => readImage(file, 'png', tensor, refuse),
    '.jpg': (file, tensor, refuse) => readImage(file, 'jpg', tensor, refuse),
    '.jpeg': (file, tensor, refuse) => readImage(file, 'jpg', tensor, refuse),
  };

/** The kinds of file that `--input` takes. */
export const inputExtensions: readonly string[] = Object.keys(decoders);

/**
 * Decodes the contents of a file, by the extension of its name, and quantises real values with the tensor's own scale:
 * round(x / scale) + zeroPoint, halves away from zero, clamped.
 *
 * - .npy: numbers of the tensor's type are stored values, floats are real values
 * - .bin: the tensor's bytes, or float32 real values, by length
 * - .csv: real values
 * - .png, .jpg: a picture of exactly the tensor's size; pixels are 0..255, 0..1 or -1..1 by the tensor's range
 * - .wav: as many samples as elements; full scale is 1, or 32768 when the tensor's range is that of 16-bit samples
 *
 * @throws ReflowError E_INPUT: another extension, a damaged file, or one that does not match the tensor
 */
export function decodeInput(name: string, file: Uint8Array, tensor: InputTensor): InputBytes {
  const refuse = refusalFor(basename(name));
  const decode = decoders[extname(name).toLowerCase()];
  if (decode === undefined) {
    throw refuse(`files of this kind are not read`, `give one of ${inputExtensions.join(', ')}`);
  }
  const decoded = decode(file, tensor, refuse);
  const bytes = decoded.kind === 'raw' ? decoded.bytes : quantise(decoded.values, tensor, refuse);
  return { bytes, convention: decoded.convention };
}

/** Reads and decodes a file; see `decodeInput`. @throws ReflowError E_FILE when it cannot be read, E_INPUT */
export async function readInput(path: string, tensor: InputTensor, disk: Files = files): Promise<InputBytes> {
  return decodeInput(path, await disk.read(path), tensor);
}
