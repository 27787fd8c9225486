/**
 * PNG (pngjs) and JPEG (jpeg-js) into an image tensor of the same height and width and 1 or 3 channels.
 * The size is read from the header first, so that a file that claims a gigantic one costs nothing.
 */
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { type Decoded, type InputTensor, type Refuse, shapeText } from './input-tensor.js';
import { realRange } from './quantise.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * How a pixel of 0..255 becomes a real value: by the range that the tensor can hold.
 *
 *   about 0..255   x              scale about 1
 *   about 0..1     x / 255        and every float network
 *   about -1..1    x / 127.5 - 1
 *
 * Any other range is refused: the network was trained on something that a picture alone does not tell.
 */
export function pixelConvention(
  tensor: InputTensor,
): { readonly real: (pixel: number) => number; readonly words: string } | null {
  const range = realRange(tensor) ?? [0, 1];
  const near = (low: number, high: number) => {
    const slack = 0.15 * (high - low);
    return Math.abs(range[0] - low) <= slack && Math.abs(range[1] - high) <= slack;
  };
  if (near(0, 255)) return { real: (x) => x, words: 'pixels as 0..255' };
  if (near(0, 1)) return { real: (x) => x / 255, words: 'pixels as 0..1 (x / 255)' };
  if (near(-1, 1)) return { real: (x) => x / 127.5 - 1, words: 'pixels as -1..1 (x / 127.5 - 1)' };
  return null;
}

/**
 * Pixels in the order of the tensor (NHWC). Grey is replicated into three channels; colour becomes grey by the luma of
 * ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B. Transparency is ignored.
 * @throws ReflowError E_INPUT: damaged, another size than the tensor's, or a tensor that is no image
 */
export function readImage(
  file: Uint8Array,
  format: 'png' | 'jpg',
  tensor: InputTensor,
  refuse: Refuse,
): Decoded {
  const damaged = (what: string) =>
    refuse(`no valid ${format.toUpperCase()} file: ${what}`, 'save the picture again');
  const want = imageShape(tensor.shape);
  if (want === null) {
    throw refuse(
      `the network's input is ${shapeText(tensor.shape)}, no image`,
      'give a .npy, .csv or .bin file',
    );
  }
  const convention = pixelConvention(tensor);
  if (convention === null) {
    const range = realRange(tensor)!
      .map((edge) => Number(edge.toPrecision(3)))
      .join('..');
    throw refuse(
      `the input's range ${range} fits none of 0..255, 0..1 and -1..1, so a picture's values are unknown`,
      'prepare the picture as the network was trained and give it as .npy',
    );
  }
  const size = format === 'png' ? pngSize(file) : jpegSize(file);
  if (size === null) throw damaged('its header is missing');
  if (size.width !== want.width || size.height !== want.height) {
    throw refuse(
      `the picture is ${size.width}x${size.height} (width x height), the network wants ${want.width}x${want.height}`,
      'scale or crop the picture to that size',
    );
  }
  const rgba = pixels(file, format, size, damaged);
  const { words, real } = convention;
  return { kind: 'real', values: arrange(rgba, want.channels, real), convention: words };
}

/** Height, width and channels of [1,]H,W[,C] with C 1 or 3; null when the shape is none. */
function imageShape(shape: readonly number[]): (Size & { readonly channels: 1 | 3 }) | null {
  const dims = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  const [height, width, channels = 1] = dims;
  if (dims.length < 2 || dims.length > 3 || height === undefined || width === undefined) return null;
  return channels === 1 || channels === 3 ? { height, width, channels } : null;
}

function pngSize(file: Uint8Array): Size | null {
  const magic = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  if (file.length < 33 || magic.some((byte, i) => file[i] !== byte)) return null;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** The size in the first frame header (ITU-T T.81, B.2.2). */
function jpegSize(file: Uint8Array): Size | null {
  if (file[0] !== 0xff || file[1] !== 0xd8) return null;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 2; at + 9 <= file.length && file[at] === 0xff; ) {
    const marker = file[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}

function pixels(
  file: Uint8Array,
  format: 'png' | 'jpg',
  size: Size,
  damaged: (what: string) => Error,
): Uint8Array {
  let image: Size & { readonly data: Uint8Array };
  try {
    const megapixels = (size.width * size.height) / 1e6 + 0.01;
    image =
      format === 'png'
        ? PNG.sync.read(Buffer.from(file))
        : jpeg.decode(file, { useTArray: true, tolerantDecoding: false, maxResolutionInMP: megapixels });
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error));
  }
  const whole = image.width === size.width && image.height === size.height;
  if (!whole || image.data.length !== 4 * size.width * size.height)
    throw damaged('its pixels are incomplete');
  return image.data;
}

function arrange(rgba: Uint8Array, channels: 1 | 3, real: (pixel: number) => number): Float64Array {
  const count = rgba.length / 4;
  const values = new Float64Array(count * channels);
  for (let i = 0; i < count; i += 1) {
    const [red, green, blue] = [rgba[4 * i]!, rgba[4 * i + 1]!, rgba[4 * i + 2]!];
    if (channels === 3) {
      values[3 * i] = real(red);
      values[3 * i + 1] = real(green);
      values[3 * i + 2] = real(blue);
    } else {
      const grey = red === green && green === blue;
      values[i] = real(grey ? red : 0.299 * red + 0.587 * green + 0.114 * blue);
    }
  }
  return values;
}
