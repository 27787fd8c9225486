/** What `reflow quantize` returns: its JSON document. */
import type { Calibration } from '../quantize/choose-range.js';
import type { LayerLoss } from '../quantize/layer-loss.js';

/** Shares from 0 to 1. */
export interface QuantizeAccuracy {
  readonly samples: number;
  readonly float: number;
  readonly int8: number;
  /** Both networks choose the same class. */
  readonly agreement: number;
}

export interface QuantizeResult {
  readonly network: string;
  readonly out: string;
  /** Of the .rfq file. */
  readonly bytes: number;
  readonly samples: number;
  readonly calibration: Calibration;
  readonly biasCorrection: boolean;
  readonly layers: readonly LayerLoss[];
  /** The layer that loses most by itself. */
  readonly worst: LayerLoss | null;
  /** Operators that stayed in float32. */
  readonly inFloat: readonly { readonly op: number; readonly label: string }[];
  /** Null without labels. */
  readonly accuracy: QuantizeAccuracy | null;
}
