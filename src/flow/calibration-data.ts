/** Samples to calibrate and to judge a float network with: a folder of inputs, or arrays of them in an .npz file. */
import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { ReflowError } from '../base/error.js';
import { files } from '../base/files.js';
import { elementCount } from '../ir/tensor.js';
import { type InputTensor, refusalFor, shapeText } from './input/input-tensor.js';
import { readNpyArray } from './input/read-npy.js';
import { readNpz } from './input/read-npz.js';
import { inputExtensions, readInput } from './read-input.js';

export interface Sample {
  /** Little-endian float32, in the tensor's order. */
  readonly bytes: Uint8Array;
  /** Class; null where it is not known. */
  readonly label: number | null;
}

/**
 * A folder: one file a sample, of the kinds that `--input` takes, in the order of their names; `_label3` in a name is its
 * class. An .npz: an array of samples first (the one called `x`, `data`, `inputs` or `images`, or the only one that is not
 * labels), images as NHWC or NCHW; classes in `y` or `labels`.
 * @param most samples to read
 * @throws ReflowError E_INPUT: nothing there, another shape, numbers that are not finite; E_FILE
 */
export async function calibrationData(path: string, tensor: InputTensor, most: number): Promise<Sample[]> {
  const samples =
    extname(path).toLowerCase() === '.npz'
      ? arraysOf(await files.read(path), basename(path), tensor, most)
      : await folderOf(path, tensor, most);
  for (const [index, { bytes }] of samples.entries()) {
    const values = new Float32Array(bytes.slice().buffer);
    if (values.every(Number.isFinite)) continue;
    throw refusalFor(basename(path))(
      `sample ${index} has values that are no finite numbers`,
      'take it out, or repair what wrote it',
    );
  }
  return samples;
}

async function folderOf(path: string, tensor: InputTensor, most: number): Promise<Sample[]> {
  const names = await readdir(path).catch((error: Error) => {
    throw new ReflowError(
      'E_INPUT',
      `cannot read ${path}: ${error.message}`,
      'give a folder or an .npz file',
    );
  });
  const wanted = names.filter((name) => inputExtensions.includes(extname(name).toLowerCase())).sort();
  if (wanted.length === 0)
    throw new ReflowError(
      'E_INPUT',
      `${path} has no samples`,
      `put files of the kinds ${inputExtensions.join(', ')} there`,
    );
  const samples: Sample[] = [];
  for (const name of wanted.slice(0, most)) {
    const { bytes } = await readInput(join(path, name), tensor);
    const label = /label[_-]?(\d+)/.exec(name)?.[1];
    samples.push({ bytes, label: label === undefined ? null : Number(label) });
  }
  return samples;
}

const dataNames = ['x', 'data', 'inputs', 'images'];
const labelNames = ['y', 'labels', 'label'];

function arraysOf(file: Uint8Array, name: string, tensor: InputTensor, most: number): Sample[] {
  const refuse = refusalFor(name);
  const arrays = readNpz(file, refuse);
  const others = [...arrays.keys()].filter((key) => !labelNames.includes(key));
  const key = dataNames.find((known) => arrays.has(known)) ?? (others.length === 1 ? others[0]! : null);
  if (key === null)
    throw refuse(
      `it has the arrays ${others.join(', ') || '(none)'}`,
      'save the samples as x and their classes as y',
    );
  const { shape, values } = readNpyArray(arrays.get(key)!, refuse);
  const [count = 0, ...each] = shape;
  if (count === 0 || values.length === 0)
    throw refuse(`the array ${key} has no samples`, 'save at least one sample');
  const order = orderOf(each, tensor.shape);
  if (order === null)
    throw refuse(
      `the array ${key} is ${shapeText(shape)}, the network wants samples of ${shapeText(tensor.shape)}`,
      'save an array with one sample after the other',
    );
  const labelKey = labelNames.find((known) => arrays.has(known));
  const labels = labelKey === undefined ? null : readNpyArray(arrays.get(labelKey)!, refuse).values;
  if (labels && labels.length !== count)
    throw refuse(`${labels.length} labels belong to ${count} samples`, 'save one class for each sample');
  const size = elementCount(each);
  return Array.from({ length: Math.min(count, most) }, (_, index) => ({
    bytes: new Uint8Array(
      Float32Array.from({ length: size }, (_x, at) => values[index * size + order(at)]!).buffer,
    ),
    label: labels ? labels[index]! : null,
  }));
}

/** Where the element of the tensor at a position lies in a sample of this shape; null when the shapes do not fit. */
function orderOf(sample: readonly number[], tensor: readonly number[]): ((at: number) => number) | null {
  const essence = (shape: readonly number[]) => shape.filter((dim) => dim !== 1).join('x');
  if (essence(sample) === essence(tensor)) return (at) => at;
  if (tensor.length !== 4) return null;
  const [, height = 1, width = 1, channels = 1] = tensor;
  if (essence(sample) !== essence([channels, height, width])) return null;
  return (at) => (at % channels) * height * width + Math.floor(at / channels);
}
