/** What an architecture file comes to: sizes, memory by formula, and the plan for a board when one is named. */
import { basename } from 'node:path';
import { clock } from '../base/clock.js';
import { files } from '../base/files.js';
import { keepsFactors, transformerSizes, type VisionTransformer } from '../import/arch/vision-transformer.js';
import { type Architecture, importArchitecture, parseArchitecture } from '../import/arch.js';
import { mcuformerModel } from '../plan/mcuformer.js';
import { planTransformer } from '../plan/transformer-plan.js';
import type { ArchitectureResult } from './architecture-result.js';
import { inspectNetwork } from './inspect.js';
import { identifier } from './network-file.js';
import { plan as planStory } from './plan.js';
import type { ArchitectureStory } from './requests.js';

export const architecture: ArchitectureStory = async ({ network, board, ...choice }, progress) => {
  const arch = parseArchitecture(await files.read(network), basename(network));
  const plan = board === null ? null : await planStory({ network, board, ...choice }, progress);
  return { network: identifier(network), architecture: arch.architecture, ...sizesOf(arch), plan };
};

type Sizes = Pick<ArchitectureResult, 'macs' | 'weightBytes' | 'transformer'>;

function sizesOf(arch: Architecture): Sizes {
  return arch.architecture === 'vision-transformer' ? transformerOf(arch) : graphSizes(arch);
}

function graphSizes(arch: Architecture): Sizes {
  const graph = importArchitecture(arch, 'candidate');
  const { macs, weightBytes } = inspectNetwork({ graph, modelHash: '', format: 'architecture', file: '' });
  return { macs, weightBytes, transformer: null };
}

function transformerOf(arch: VisionTransformer): Sizes {
  const start = clock.nowMs();
  const sizes = transformerSizes(arch)!;
  // The plan from sizes is that of blocks of full matrices.
  if (keepsFactors(arch, sizes)) return graphSizes(arch);
  const { tokens, grid, pads, blocks } = sizes;
  const shape = { ...arch, tokens, grid, padBefore: pads[0], blocks };
  const [streamed, resident] = [planTransformer(shape, 'streamed'), planTransformer(shape, 'resident')];
  // As in MCUFormer's repositories: int(dim * ratio), whatever the layer.
  const rank = Math.floor(arch.dim * arch.rankRatio);
  const mcuformer = mcuformerModel({ tokens, dim: arch.dim, blocks, attentionRank: rank, mlpRank: rank });
  const figures = ({ arenaBytes, binding }: typeof streamed) => ({ arenaBytes, binding });
  return {
    macs: streamed.macs,
    weightBytes: streamed.weightBytes,
    transformer: {
      ...{ tokens, depth: blocks.length, mcuformer },
      streamed: figures(streamed),
      resident: figures(resident),
      weightTrafficBytes: streamed.weightTraffic,
      milliseconds: clock.nowMs() - start,
    },
  };
}
