/**
 * RIFF WAVE: PCM of 8, 16, 24 and 32 bits and IEEE float of 32 and 64 bits (Microsoft, "Multiple channel audio data and WAVE
 * files"). The samples become the tensor's elements in the order of the file, so there must be as many of them.
 */
import { elementCount } from '../../ir/tensor.js';
import { type Decoded, type InputTensor, type Refuse, wanted } from './input-tensor.js';
import { realRange } from './quantise.js';

interface Format {
  readonly float: boolean;
  readonly channels: number;
  readonly bits: number;
}

/**
 * Samples as real values in -1..1 (full scale is 1), or in -32768..32768 when the tensor's range reaches as far as 16-bit
 * samples do.
 * @throws ReflowError E_INPUT: damaged, another coding, or another number of samples than the tensor has elements
 */
export function readWav(file: Uint8Array, tensor: InputTensor, refuse: Refuse): Decoded {
  const { format, data } = chunks(file, refuse);
  const sampleBytes = format.bits / 8;
  const count = Math.floor(data.byteLength / sampleBytes);
  if (count !== elementCount(tensor.shape)) {
    const channels = format.channels === 1 ? '' : ` in ${format.channels} channels`;
    throw refuse(
      `${count} samples${channels}, the network wants ${wanted(tensor)}`,
      'cut or resample the recording, or compute the features that the network was trained on and give them as .npy',
    );
  }
  const range = realRange(tensor);
  const full = range !== null && range[1] >= 30_000 ? 32768 : 1;
  const values = Float64Array.from({ length: count }, (_, i) => full * sample(data, i * sampleBytes, format));
  return { kind: 'real', values, convention: `samples as real values, full scale is ${full}` };
}

function chunks(file: Uint8Array, refuse: Refuse): { format: Format; data: DataView } {
  const damaged = (what: string) =>
    refuse(`no valid WAV file: ${what}`, 'save the recording as PCM WAV again');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tag = (at: number) => String.fromCharCode(...file.subarray(at, at + 4));
  if (file.length < 12 || tag(0) !== 'RIFF' || tag(8) !== 'WAVE') throw damaged('RIFF and WAVE are missing');
  let format: Format | null = null;
  for (let at = 12; at + 8 <= file.length; ) {
    const bytes = view.getUint32(at + 4, true);
    const body = at + 8;
    if (body + bytes > file.length) throw damaged(`chunk ${tag(at).replace(/[^ -~]/g, '?')} is cut`);
    if (tag(at) === 'fmt ')
      format = formatOf(new DataView(file.buffer, file.byteOffset + body, bytes), damaged);
    if (tag(at) === 'data') {
      if (format === null) throw damaged('data comes before its format');
      return { format, data: new DataView(file.buffer, file.byteOffset + body, bytes) };
    }
    at = body + bytes + (bytes % 2);
  }
  throw damaged('there is no data');
}

function formatOf(chunk: DataView, damaged: (what: string) => Error): Format {
  if (chunk.byteLength < 16) throw damaged('the format is cut');
  const plain = chunk.getUint16(0, true);
  // WAVE_FORMAT_EXTENSIBLE keeps the coding in the first two bytes of its sub-format.
  const coding = plain === 0xfffe && chunk.byteLength >= 26 ? chunk.getUint16(24, true) : plain;
  const channels = chunk.getUint16(2, true);
  const bits = chunk.getUint16(14, true);
  const known = (coding === 1 && [8, 16, 24, 32].includes(bits)) || (coding === 3 && [32, 64].includes(bits));
  if (!known || channels === 0) throw damaged(`coding ${coding} with ${bits} bits and ${channels} channels`);
  return { float: coding === 3, channels, bits };
}

/** One sample, full scale at 1. Eight-bit samples are unsigned, wider ones signed. */
function sample(data: DataView, at: number, { float, bits }: Format): number {
  if (float) return bits === 32 ? data.getFloat32(at, true) : data.getFloat64(at, true);
  if (bits === 8) return (data.getUint8(at) - 128) / 128;
  if (bits === 16) return data.getInt16(at, true) / 32768;
  if (bits === 24) return (data.getUint16(at, true) + 65536 * data.getInt8(at + 2)) / 8388608;
  return data.getInt32(at, true) / 2147483648;
}
