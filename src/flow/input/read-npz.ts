/** NumPy's .npz: a ZIP file of .npy files, stored or deflated (format: PKWARE APPNOTE 4.3; no ZIP64, no encryption). */
import { inflateRawSync } from 'node:zlib';
import type { Refuse } from './input-tensor.js';

/** Larger arrays are not read. */
const maxArrayBytes = 2 ** 31 - 1;

/** The .npy files inside, by array name. @throws ReflowError E_INPUT for what is no such file, or is damaged */
export function readNpz(file: Uint8Array, refuse: Refuse): Map<string, Uint8Array> {
  const damaged = (what: string) => refuse(`no valid .npz file: ${what}`, 'save it again with numpy.savez');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  // The end record is the last thing in the file but for a comment of at most 64 KiB.
  let end = file.length - 22;
  while (end >= 0 && end > file.length - 22 - 65536 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) throw damaged('its directory is missing');
  const arrays = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) throw damaged('its directory is cut');
    const [method, packed, size] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 24, true),
    ];
    const [nameLength, local] = [view.getUint16(at + 28, true), view.getUint32(at + 42, true)];
    const name = new TextDecoder().decode(file.subarray(at + 46, at + 46 + nameLength));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (local + 30 > end || view.getUint32(local, true) !== 0x04034b50) throw damaged(`${name} is missing`);
    const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (from + packed > end || size > maxArrayBytes) throw damaged(`${name} is cut`);
    const raw = file.subarray(from, from + packed);
    if (method !== 0 && method !== 8) throw damaged(`${name} is packed by method ${method}`);
    const bytes = method === 0 ? raw : inflated(raw, size);
    if (bytes === null || bytes.length !== size) throw damaged(`${name} cannot be unpacked`);
    arrays.set(name.replace(/\.npy$/, ''), bytes);
  }
  return arrays;
}

function inflated(raw: Uint8Array, size: number): Uint8Array | null {
  try {
    return inflateRawSync(raw, { maxOutputLength: Math.max(1, size) });
  } catch {
    return null;
  }
}
