/** A node of the file with its attributes at hand. */
import type { Constant } from './constant.js';
import { refuse } from './fault.js';

export type AttributeValue =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'numbers'; readonly value: readonly number[] }
  | { readonly kind: 'tensor'; readonly value: Constant }
  | { readonly kind: 'other' };

export interface OnnxNode {
  /** Position in the file, which becomes the operator's id. */
  readonly index: number;
  readonly name: string;
  readonly opType: string;
  /** Names of values; '' for an optional one that is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, AttributeValue>;
}

function attribute<K extends AttributeValue['kind']>(node: OnnxNode, name: string, kind: K) {
  const found = node.attributes.get(name);
  if (!found) return null;
  if (found.kind !== kind) return refuse(`its attribute ${name} is no ${kind}`, 'export the network again');
  return found as Extract<AttributeValue, { kind: K }>;
}

/** A numeric attribute, or the fallback where the node has none. */
export function numberOf(node: OnnxNode, name: string, fallback: number): number {
  return attribute(node, name, 'number')?.value ?? fallback;
}

export function textOf(node: OnnxNode, name: string, fallback: string): string {
  return attribute(node, name, 'text')?.value ?? fallback;
}

export function listOf(node: OnnxNode, name: string): readonly number[] | null {
  return attribute(node, name, 'numbers')?.value ?? null;
}

export function tensorAttribute(node: OnnxNode, name: string): Constant | null {
  return attribute(node, name, 'tensor')?.value ?? null;
}

/** What a message calls a node: its position, type and name. */
export function whereOf({ index, opType, name }: OnnxNode): string {
  return `node ${index} (${opType}${name ? ` ${name}` : ''})`;
}
