/**
 * .rfq: reflow's own file of a Graph, for networks that reflow has quantised. docs/quantize.md states the format:
 * `RFQ1`, version, length of the JSON header, CRC-32 of all that follows; the header; the constants' bytes.
 */
import { z } from 'zod';
import { ReflowError } from '../base/error.js';
import type { Graph } from '../ir/graph.js';
import { elementCount, type Tensor, tensorBytes } from '../ir/tensor.js';

const magic = [0x52, 0x46, 0x51, 0x31];
const version = 1;
const fixedBytes = 16;

const index = z.int().min(0).max(0x7fff_ffff);
const finite = z.number();

const header = z.strictObject({
  tensors: z.array(
    z.strictObject({
      name: z.string(),
      dtype: z.enum(['int8', 'uint8', 'int16', 'int32', 'int64', 'float32', 'bool']),
      shape: z.array(index.min(1)).max(32),
      quant: z
        .strictObject({
          scales: z.array(finite.positive()).min(1),
          zeroPoints: z.array(z.int()).min(1),
          axis: index.nullable(),
        })
        .nullable(),
      /** First byte behind the header; null for what is computed. */
      data: index.nullable(),
    }),
  ),
  ops: z.array(
    z.strictObject({
      id: index,
      kind: z.string(),
      label: z.string(),
      inputs: z.array(index.nullable()),
      outputs: z.array(index),
      attrs: z.record(z.string(), z.union([finite, z.string(), z.boolean(), z.array(finite)])),
    }),
  ),
  inputs: z.array(index),
  outputs: z.array(index),
});

/** Whether the bytes begin as an .rfq file does. */
export function isRfq(bytes: Uint8Array): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

/** A graph as an .rfq file. Tensors that nothing mentions are written without their data. */
export function writeRfq(graph: Graph): Uint8Array {
  const used = new Set(graph.ops.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]));
  const blobs: Uint8Array[] = [];
  let at = 0;
  const tensors = graph.tensors.map(({ id, name, dtype, shape, quant, data }) => {
    if (data === null || !used.has(id)) return { name, dtype, shape, quant, data: null };
    const first = at;
    blobs.push(data);
    at += data.length;
    return { name, dtype, shape, quant, data: first };
  });
  const ops = graph.ops.map(({ id, kind, label, inputs, outputs, attrs }) => ({
    ...{ id, kind, label, inputs, outputs, attrs },
  }));
  const head = new TextEncoder().encode(
    JSON.stringify({ tensors, ops, inputs: graph.inputs, outputs: graph.outputs }),
  );
  const bytes = new Uint8Array(fixedBytes + head.length + at);
  bytes.set(magic);
  bytes.set(head, fixedBytes);
  let to = fixedBytes + head.length;
  for (const blob of blobs) {
    bytes.set(blob, to);
    to += blob.length;
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(4, version, true);
  view.setUint32(8, head.length, true);
  view.setUint32(12, crc32(bytes.subarray(fixedBytes)), true);
  return bytes;
}

/** Throws ReflowError E_MODEL_FORMAT for a file that is cut, damaged, of another version, or states what cannot be. */
export function importRfq(bytes: Uint8Array, name: string): Graph {
  const damaged = (what: string) =>
    new ReflowError('E_MODEL_FORMAT', `${name}.rfq is damaged: ${what}`, 'run reflow quantize again');
  if (!isRfq(bytes) || bytes.length < fixedBytes) throw damaged('its head is cut');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stated = view.getUint32(4, true);
  if (stated !== version)
    throw new ReflowError(
      'E_MODEL_FORMAT',
      `${name}.rfq has version ${stated}; this reflow reads ${version}`,
      'run reflow quantize again',
    );
  if (view.getUint32(12, true) !== crc32(bytes.subarray(fixedBytes))) throw damaged('its checksum differs');
  const dataAt = fixedBytes + view.getUint32(8, true);
  if (dataAt > bytes.length) throw damaged('its header is cut');
  const parsed = header.safeParse(json(bytes.subarray(fixedBytes, dataAt), damaged));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw damaged(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { tensors, ops, inputs, outputs } = parsed.data;
  const blob = bytes.subarray(dataAt);
  return Object.freeze({
    name,
    tensors: tensors.map(({ data, ...rest }, id): Tensor => {
      const tensor = { id, ...rest };
      const { quant, shape } = tensor;
      const slices = quant?.axis === null || !quant ? 1 : shape[quant.axis];
      if (quant && (quant.scales.length !== slices || quant.zeroPoints.length !== slices))
        throw damaged(`tensor ${id} has ${quant.scales.length} scales`);
      if (data === null) return { ...tensor, data: null };
      const length = tensorBytes(tensor);
      if (elementCount(shape) > blob.length || data + length > blob.length)
        throw damaged(`the data of tensor ${id} is cut`);
      return { ...tensor, data: new Uint8Array(blob.subarray(data, data + length)) };
    }),
    ...{ ops, inputs, outputs },
  });
}

function json(bytes: Uint8Array, damaged: (what: string) => ReflowError): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw damaged('its header is no JSON');
  }
}

/** CRC-32 of ISO 3309 (polynomial 0xEDB88320, reflected). */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
