/** What `reflow quantize` is asked. */
import type { Calibration } from '../quantize/choose-range.js';
import type { QuantizeResult } from './quantize-result.js';
import type { InspectRequest, Story } from './requests.js';

export interface QuantizeRequest extends InspectRequest {
  /** A folder of samples, or an .npz file. */
  readonly data: string;
  readonly calibration: Calibration;
  readonly biasCorrection: boolean;
  /** The most samples that are used. */
  readonly samples: number;
  /** Path of the .rfq file. */
  readonly out: string;
}

export type Quantize = Story<QuantizeRequest, QuantizeResult>;
