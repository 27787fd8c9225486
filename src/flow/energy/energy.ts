/** `reflow energy`: what a capture says of the energy of an inference, without a board. */
import { ReflowError } from '../../base/error.js';
import type { Progress } from '../progress.js';
import { isMeter, parseEnergySpec } from './energy-spec.js';
import { type CaptureReading, readCapture } from './read-capture.js';

export interface EnergyRequest {
  /** A file or a spec such as `csv:run.csv,n=100`. */
  readonly capture: string;
}

export interface EnergyResult extends CaptureReading {
  readonly capture: string;
}

/** @throws ReflowError as readCapture */
export async function energy({ capture }: EnergyRequest, _progress: Progress): Promise<EnergyResult> {
  const spec = parseEnergySpec(capture);
  if (isMeter(spec)) {
    throw new ReflowError(
      'E_USAGE',
      `${spec.kind} is a meter, no capture`,
      'reflow profile NET --board B --energy ...',
    );
  }
  return { capture: spec.place, ...(await readCapture(spec)) };
}
