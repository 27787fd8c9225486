/** What the files of `operators/` export: how nodes of one type become operators of ours. */
import type { Lowering, Value } from './lowering.js';
import type { OnnxNode } from './node.js';

/** The values of a node's outputs, in order. Throws NodeRefusal for what cannot run. */
export type Lower = (node: OnnxNode, net: Lowering) => readonly Value[];

export type LowerTable = Readonly<Record<string, Lower>>;
