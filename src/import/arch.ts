/** Architecture files: JSON that describes a network of a search space, for one that has no trained file yet. */
import { z } from 'zod';
import { ReflowError } from '../base/error.js';
import { parseDocument } from '../hw/parse-document.js';
import type { Graph } from '../ir/graph.js';
import { type CellNetwork, cellMistake, cellNetwork, cellNetworkSchema } from './arch/cell-network.js';
import { type MobileNet, mobileNet, mobileNetSchema } from './arch/mobile-net.js';
import {
  transformerSizes,
  type VisionTransformer,
  visionTransformer,
  visionTransformerSchema,
} from './arch/vision-transformer.js';

export type Architecture = VisionTransformer | MobileNet | CellNetwork;

const schema = z.discriminatedUnion('architecture', [
  visionTransformerSchema,
  mobileNetSchema,
  cellNetworkSchema,
]);

/** Whether these bytes can be an architecture file: a JSON object. */
export function isArchitecture(bytes: Uint8Array): boolean {
  const first = bytes.find((byte) => byte > 0x20);
  return first === 0x7b;
}

/**
 * @param where names the file in messages
 * @throws ReflowError E_MODEL_FORMAT
 */
export function parseArchitecture(bytes: Uint8Array, where: string): Architecture {
  const text = decode(bytes, where);
  return parseDocument({ code: 'E_MODEL_FORMAT', schema, checks: [mistakeOf] }, text, where);
}

function mistakeOf(arch: Architecture): string | null {
  switch (arch.architecture) {
    case 'mobilenet':
      return null;
    case 'cells':
      return cellMistake(arch);
    case 'vision-transformer':
      if (arch.patch > arch.image) return 'the patch is larger than the image';
      return transformerSizes(arch)
        ? null
        : 'depth and the lists of heads and mlpRatio contradict each other';
  }
}

function decode(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ReflowError('E_MODEL_FORMAT', `${where} is not UTF-8`, `correct ${where}`, { cause });
  }
}

/** The int8 network with random weights. */
export function importArchitecture(arch: Architecture, name: string): Graph {
  switch (arch.architecture) {
    case 'mobilenet':
      return mobileNet(arch, name);
    case 'cells':
      return cellNetwork(arch, name);
    case 'vision-transformer':
      return visionTransformer(arch, name);
  }
}
