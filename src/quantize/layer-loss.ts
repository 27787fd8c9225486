/** What quantisation does to each layer: its numbers against the float network's, and which layers lose the accuracy. */
import type { Graph } from '../ir/graph.js';
import { type Tensor, type TensorId, typedArray } from '../ir/tensor.js';

export interface LayerLoss {
  /** Operator's id. */
  readonly op: number;
  readonly label: string;
  readonly tensor: TensorId;
  readonly name: string;
  /** Signal to quantisation noise of the output, decibels; capped at 200. */
  readonly sqnrDb: number;
  /** By how much that is below the worst of its inputs, or below 40 dB: what this layer itself loses. */
  readonly lostDb: number;
  /** Share of values at the ends of int8 that the float network has beyond them. */
  readonly saturated: number;
  readonly cosine: number;
  /** What to do; empty where nothing need be done. */
  readonly advice: string;
}

interface Sums {
  signal: number;
  noise: number;
  product: number;
  other: number;
  count: number;
  saturated: number;
}

const cap = 200;

/** What int8 gives a layer with nothing lost before it, about: losses count from there. */
const usualDb = 40;

/** Adds up inferences of both networks on equal inputs. */
export class LayerComparison {
  readonly #sums = new Map<TensorId, Sums>();

  constructor(private readonly quantised: Graph) {}

  /** @param real bytes of the float network's tensors, by id; `rounded` those of the quantised one */
  add(real: ReadonlyMap<TensorId, Uint8Array>, rounded: ReadonlyMap<TensorId, Uint8Array>): void {
    for (const [id, bytes] of rounded) {
      const tensor = this.quantised.tensors[id];
      const wanted = real.get(id);
      if (tensor && wanted) this.#addTensor(tensor, typedArray('float32', wanted) as Float32Array, bytes);
    }
  }

  #addTensor({ id, dtype, quant }: Tensor, wanted: Float32Array, bytes: Uint8Array): void {
    const got = typedArray(dtype, bytes);
    if (got.length !== wanted.length || (dtype !== 'float32' && dtype !== 'int8')) return;
    const [scale, zero] = dtype === 'int8' ? [quant!.scales[0]!, quant!.zeroPoints[0]!] : [1, 0];
    const sums = this.#sums.get(id) ?? { signal: 0, noise: 0, product: 0, other: 0, count: 0, saturated: 0 };
    this.#sums.set(id, sums);
    wanted.forEach((x, at) => {
      const q = Number(got[at]);
      const y = scale * (q - zero);
      sums.signal += x * x;
      sums.noise += (x - y) ** 2;
      sums.product += x * y;
      sums.other += y * y;
      if (dtype === 'int8' && ((q === 127 && x > y + scale) || (q === -128 && x < y - scale)))
        sums.saturated++;
    });
    sums.count += wanted.length;
  }

  /** One line for each operator with an output that both networks have, in order. */
  layers(): LayerLoss[] {
    const input = (id: TensorId | null) => (id === null || !this.#sums.has(id) ? cap : this.#sqnrDb(id));
    return this.quantised.ops.flatMap(({ id: op, label, kind, inputs, outputs }) =>
      outputs.flatMap((id) => {
        const sums = this.#sums.get(id);
        if (!sums) return [];
        const sqnrDb = this.#sqnrDb(id);
        const before = Math.min(usualDb, ...inputs.map(input));
        const saturated = sums.saturated / sums.count;
        const lostDb = before - sqnrDb;
        const norm = Math.sqrt(sums.signal * sums.other);
        const cosine = norm === 0 ? 1 : sums.product / norm;
        const { name } = this.quantised.tensors[id]!;
        const advice = adviceFor({ sqnrDb, lostDb, saturated }, kind);
        return [{ op, label, tensor: id, name, sqnrDb, lostDb, saturated, cosine, advice }];
      }),
    );
  }

  #sqnrDb(id: TensorId): number {
    const { signal, noise } = this.#sums.get(id)!;
    if (noise === 0) return cap;
    return Math.max(-cap, Math.min(cap, 10 * Math.log10(Math.max(signal, 1e-300) / noise)));
  }
}

/** The layer that loses most by itself; null when there is none. */
export function worstLayer(layers: readonly LayerLoss[]): LayerLoss | null {
  return layers.reduce<LayerLoss | null>(
    (worst, layer) => (layer.lostDb > (worst?.lostDb ?? -cap) ? layer : worst),
    null,
  );
}

function adviceFor(
  { sqnrDb, lostDb, saturated }: Pick<LayerLoss, 'sqnrDb' | 'lostDb' | 'saturated'>,
  kind: string,
): string {
  if (sqnrDb > 25 || lostDb < 6) return '';
  if (saturated > 0.001) return 'values are clipped: calibrate with min-max, or with more data';
  if (kind === 'add' || kind === 'layer_norm')
    return 'the range is wide for int8: train with a smaller residual stream';
  return 'few values fill the range: calibrate with mse or percentile, or fine-tune this layer';
}
