import type { ArchitecturePlan, ArchitectureResult } from '../../flow/architecture-result.js';
import type { ArchitectureStory } from '../../flow/requests.js';
import { defineCommand } from '../command.js';
import { planOptions } from '../options.js';
import { grouped, pairs, paragraphs } from '../text.js';
import { mcuformerText, planComplaint, planRequest, printPlan } from './plan.js';

export const archCommand = (architecture: ArchitectureStory) =>
  defineCommand({
    command: 'arch <file>',
    describe: 'What an architecture file comes to, without trained weights',
    positionals: {
      file: {
        describe: 'JSON that describes a network of a search space',
        type: 'string',
        demandOption: true,
      },
    },
    options: { board: { describe: 'also plan for this board', type: 'string' }, ...planOptions },
    run: ({ file, board, ...args }, progress) => {
      const request = planRequest({ network: file, board: board ?? '', ...args });
      return architecture({ ...request, board: board ?? null }, progress);
    },
    print: printArchitecture,
    complaint: ({ plan }) => plan && planComplaint(plan),
  });

function printArchitecture({
  network,
  architecture,
  macs,
  weightBytes,
  transformer,
  plan,
}: ArchitectureResult): string {
  const memory = ({ arenaBytes, binding }: ArchitecturePlan) =>
    `${grouped(arenaBytes)} bytes, bound by ${binding}`;
  return paragraphs(
    `${network}: ${architecture}, ${grouped(macs)} MACs, ${grouped(weightBytes)} bytes of weights`,
    transformer === null
      ? ''
      : pairs([
          ['tokens', `${transformer.tokens}, ${transformer.depth} blocks`],
          ['arena, image streamed', memory(transformer.streamed)],
          ['arena, image resident', memory(transformer.resident)],
          ['weights read', `${grouped(transformer.weightTrafficBytes)} bytes per inference`],
          ["MCUFormer's models", mcuformerText(transformer.mcuformer)],
          ['worked out in', `${transformer.milliseconds.toFixed(1)} ms`],
        ]),
    plan === null ? '' : printPlan(plan),
  );
}
