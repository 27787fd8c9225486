/** Replaces groups of nodes by the one operator that they are the parts of. */
import type { OnnxModel } from './model.js';

export function recognise(model: OnnxModel): OnnxModel {
  return model;
}
