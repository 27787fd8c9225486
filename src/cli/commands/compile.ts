import type { Compile } from '../../flow/requests.js';
import type { CompileResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { boardOption, networkPositional, planOptions } from '../options.js';
import { shapeOption } from '../shape-option.js';
import { grouped, paragraphs } from '../text.js';
import { planRequest } from './plan.js';

export const compileCommand = (compile: Compile) =>
  defineCommand({
    command: 'compile <network>',
    describe: 'Writes the C project of a network',
    positionals: networkPositional,
    options: {
      ...boardOption,
      ...planOptions,
      ...shapeOption,
      out: { describe: 'folder of the project; it is replaced', type: 'string', demandOption: true },
    },
    run: ({ out, ...args }, progress) => compile({ ...planRequest(args), out }, progress),
    print: printCompile,
  });

export function printCompile({
  network,
  board,
  folder,
  files,
  arenaBytes,
  weightBytes,
}: CompileResult): string {
  return paragraphs(
    `${network} for ${board}: arena ${grouped(arenaBytes)} bytes, weights ${grouped(weightBytes)} bytes`,
    [`${folder}/`, ...[...files].sort().map((file) => `  ${file}`)].join('\n'),
  );
}
