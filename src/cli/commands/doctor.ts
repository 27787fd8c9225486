import { ReflowError } from '../../base/error.js';
import type { Doctor } from '../../flow/requests.js';
import type { DoctorResult, PortReport } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { portOption } from '../options.js';
import { pairs, paragraphs, table } from '../text.js';

export const doctorCommand = (doctor: Doctor) =>
  defineCommand({
    command: 'doctor',
    describe: 'What is installed, what is missing, and the command that installs it',
    positionals: {},
    options: {
      ...portOption,
      board: { describe: 'id of the board that should be on the port', type: 'string' },
    },
    run: ({ port, board }, progress) => doctor({ port: port ?? null, board: board ?? null }, progress),
    print: printDoctor,
    complaint: ({ ok, checks, port }) => {
      const missing = checks.filter((check) => !check.ok && !check.optional);
      if (ok) return null;
      if (port && !port.ok) return new ReflowError('E_PORT', port.found, port.fix);
      const names = missing.map((check) => check.name).join(', ');
      return new ReflowError('E_TOOL_MISSING', `${names} not found`, missing[0]?.fix ?? 'see the list');
    },
  });

export function printDoctor({ ok, checks, port }: DoctorResult): string {
  const state = (check: DoctorResult['checks'][number]) =>
    check.ok ? 'ok' : check.optional ? 'optional' : 'MISSING';
  const rows = checks.map((check) => [state(check), check.name, check.found || '-', check.purpose]);
  const fixes = checks.filter((check) => !check.ok).map((check) => [check.name, check.fix]);
  return paragraphs(
    table(['', 'what', 'found', 'for'], rows),
    fixes.length === 0 ? '' : table(['missing', 'install with'], fixes),
    port ? printPort(port) : '',
    ok ? 'Ready.' : '',
  );
}

function printPort({ path, board, finding, found, fix, wiring, udevRule }: PortReport): string {
  return paragraphs(
    pairs([
      ['port', path],
      ['board', board],
      ['finding', `${finding}: ${found}`],
      ['next', fix],
      ['wiring', wiring],
    ]),
    udevRule === null ? '' : `/etc/udev/rules.d/60-reflow.rules:\n${udevRule}`,
  );
}
