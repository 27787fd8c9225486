/** What a command is: one file of `commands/` makes one with `defineCommand`, and `commands/index.ts` lists it. */
import type { Argv, InferredOptionTypes, Options, PositionalOptions } from 'yargs';
import type { ReflowError } from '../base/error.js';
import type { Progress } from '../flow/progress.js';

type OptionTable = { readonly [flag: string]: Options };
type PositionalTable = { readonly [word: string]: PositionalOptions };

export interface CommandDefinition<P extends PositionalTable, O extends OptionTable, R> {
  /** As yargs writes it: `plan <network>`. */
  readonly command: string;
  readonly describe: string;
  /** The words of `command` in angle or square brackets. */
  readonly positionals: P;
  readonly options: O;
  readonly run: (args: InferredOptionTypes<P> & InferredOptionTypes<O>, progress: Progress) => Promise<R>;
  /** The result for a person, without a newline at its end. */
  readonly print: (result: R) => string;
  /** A result that is complete and yet bad news, e.g. a network that does not fit: it sets the exit status. */
  readonly complaint?: (result: R) => ReflowError | null;
}

export interface Outcome {
  readonly json: object;
  readonly text: string;
  readonly complaint: ReflowError | null;
}

/** A command whose argument and result types are known only inside. */
export interface Command {
  readonly command: string;
  readonly describe: string;
  /** Names of its flags. */
  readonly flags: readonly string[];
  readonly builder: (parser: Argv) => Argv;
  readonly execute: (args: object, progress: Progress) => Promise<Outcome>;
}

export function defineCommand<P extends PositionalTable, O extends OptionTable, R extends object>(
  definition: CommandDefinition<P, O, R>,
): Command {
  const { command, describe, positionals, options, run, print, complaint } = definition;
  return {
    command,
    describe,
    flags: Object.keys(options),
    builder: (parser) => {
      let built = parser;
      for (const [word, option] of Object.entries(positionals)) built = built.positional(word, option);
      return built.options(options);
    },
    execute: async (args, progress) => {
      // The parser that `builder` set up has made the arguments of these types.
      const result = await run(args as InferredOptionTypes<P> & InferredOptionTypes<O>, progress);
      return { json: result, text: print(result), complaint: complaint?.(result) ?? null };
    },
  };
}
