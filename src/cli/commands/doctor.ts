import { ReflowError } from '../../base/error.js';
import type { DoctorResult } from '../../flow/results.js';
import { defineCommand } from '../command.js';
import { paragraphs, table } from '../text.js';

export const doctorCommand = (doctor: () => Promise<DoctorResult>) =>
  defineCommand({
    command: 'doctor',
    describe: 'What is installed, what is missing, and the command that installs it',
    positionals: {},
    options: {},
    run: doctor,
    print: printDoctor,
    complaint: ({ ok, checks }) => {
      const missing = checks.filter((check) => !check.ok && !check.optional);
      if (ok) return null;
      const names = missing.map((check) => check.name).join(', ');
      return new ReflowError('E_TOOL_MISSING', `${names} not found`, missing[0]?.fix ?? 'see the list');
    },
  });

export function printDoctor({ ok, checks }: DoctorResult): string {
  const state = (check: DoctorResult['checks'][number]) =>
    check.ok ? 'ok' : check.optional ? 'optional' : 'MISSING';
  const rows = checks.map((check) => [state(check), check.name, check.found || '-', check.purpose]);
  const fixes = checks.filter((check) => !check.ok).map((check) => [check.name, check.fix]);
  return paragraphs(
    table(['', 'what', 'found', 'for'], rows),
    fixes.length === 0 ? '' : table(['missing', 'install with'], fixes),
    ok ? 'Ready.' : '',
  );
}
