/** Command line and settings to one command with its arguments. */
import yargs from 'yargs';
import { ReflowError } from '../base/error.js';
import type { Command } from './command.js';
import type { Config } from './config.js';
import { nearest } from './did-you-mean.js';

export type Parsed =
  /** Run this command. */
  | { readonly kind: 'command'; readonly command: Command; readonly args: object }
  /** Print this and end well: --help or --version. */
  | { readonly kind: 'text'; readonly text: string };

const globalFlags = ['json', 'help', 'version'];

/** @throws ReflowError E_USAGE, one line, with the word that was probably meant */
export async function parseCommandLine(
  argv: readonly string[],
  commands: readonly Command[],
  config: Config,
  version: string,
): Promise<Parsed> {
  let chosen: { command: Command; args: object } | null = null;
  let parser = yargs()
    .scriptName('reflow')
    // The messages are read below, so they must not follow the reader's language.
    .locale('en')
    .usage('$0 <command>: takes a network to a microcontroller, bit-exact, and measures it')
    .option('json', {
      type: 'boolean',
      describe: 'print one JSON document on stdout',
      global: true,
      default: false,
    })
    .version(version)
    .help()
    .strict()
    .demandCommand(1, 'no command was given')
    .parserConfiguration({ 'duplicate-arguments-array': false, 'greedy-arrays': true })
    .exitProcess(false)
    .wrap(100);
  for (const command of commands) {
    parser = parser.command(
      command.command,
      command.describe,
      (builder) => command.builder(builder).config(settingsFor(command, config)),
      (args) => {
        chosen = { command, args };
      },
    );
  }
  let text = '';
  let complaint: string | null = null;
  await new Promise<void>((resolve, reject) => {
    const done = (error: Error | null | undefined, _args: object, output: string) => {
      text = output;
      if (error) complaint = error.message;
      resolve();
    };
    Promise.resolve(parser.parse([...argv], {}, done)).then(() => resolve(), reject);
  });
  if (complaint !== null) throw usageError(complaint, argv, commands);
  if (chosen !== null) {
    const call: { command: Command; args: object } = chosen;
    refuseNonNumbers(call.args, call.command);
    return { kind: 'command', ...call };
  }
  return { kind: 'text', text };
}

/** yargs makes NaN of a word where a number belongs. */
function refuseNonNumbers(args: object, command: Command): void {
  const [flag] = Object.entries(args).find(([, value]) => Number.isNaN(value)) ?? [];
  if (flag === undefined) return;
  const help = `see reflow ${command.command.split(' ')[0]} --help`;
  throw new ReflowError('E_USAGE', `--${flag} must be a number`, help);
}

/** The settings that are flags of this command; yargs would refuse others. */
function settingsFor(command: Command, config: Config): object {
  return Object.fromEntries(Object.entries(config).filter(([name]) => command.flags.includes(name)));
}

function usageError(complaint: string, argv: readonly string[], commands: readonly Command[]): ReflowError {
  const names = commands.map((command) => command.command.split(' ')[0]!);
  const used = commands.find((command) => argv.includes(command.command.split(' ')[0]!));
  const unknown = /^Unknown (?:argument|command)s?: ([^,]+)/.exec(complaint)?.[1]?.trim();
  let what = complaint.replace(/\s*\n\s*/g, ' ').replace(/^./, (letter) => letter.toLowerCase());
  const help = `reflow ${used ? `${used.command.split(' ')[0]} ` : ''}--help`;
  if (unknown !== undefined && !used) what = `there is no command ${unknown}`;
  if (unknown === undefined) return new ReflowError('E_USAGE', what, `see ${help}`);
  const guess = used
    ? nearest(unknown, [...used.flags, ...globalFlags])?.replace(/^/, '--')
    : nearest(unknown, names);
  return new ReflowError('E_USAGE', what, guess ? `did you mean ${guess}? Else see ${help}` : `see ${help}`);
}
