import { ReflowError } from '../../base/error.js';
import type { CampaignRequest, CampaignResult, CampaignRow } from '../../flow/campaign/campaign-result.js';
import { costUnit, costValue } from '../../flow/cost.js';
import type { Story } from '../../flow/requests.js';
import { defineCommand } from '../command.js';
import { storeOption } from '../options.js';
import { pairs, paragraphs, table } from '../text.js';

/** What the story returns, and the path of the HTML report. */
export type CampaignDone = CampaignResult & { readonly report: string };

export const campaignCommand = (
  campaign: Story<CampaignRequest, CampaignResult>,
  writeReport: (result: CampaignResult, request: CampaignRequest, path: string | null) => Promise<string>,
) =>
  defineCommand({
    command: 'campaign <action> [file]',
    describe: 'Networks x boards, unattended: campaign run FILE, campaign show FILE',
    positionals: {
      action: { describe: 'run, which may be left out, or show', type: 'string', demandOption: true },
      file: { describe: 'the campaign: networks, boards, settings; README shows one', type: 'string' },
    },
    options: {
      ...storeOption,
      host: { describe: 'name of this host in the file', type: 'string' },
      retry: {
        describe: 'try failed trials and boards in quarantine again',
        type: 'boolean',
        default: false,
      },
      fresh: { describe: 'run all trials again', type: 'boolean', default: false },
      html: { describe: 'file for the HTML report', type: 'string' },
    },
    run: async ({ store, host, retry, fresh, html, ...words }, progress): Promise<CampaignDone> => {
      const [action, file] = wordsOf(words.action, words.file);
      const again = fresh ? 'all' : retry ? 'failed' : null;
      const request: CampaignRequest = { action, file, store, host: host ?? null, again };
      const result = await campaign(request, progress);
      return { ...result, report: await writeReport(result, request, html ?? null) };
    },
    print: printCampaign,
    complaint: campaignComplaint,
  });

/** `run` may be left out. */
function wordsOf(action: string, file: string | undefined): [CampaignRequest['action'], string] {
  const isAction = action === 'run' || action === 'show';
  if (isAction && file !== undefined) return [action, file];
  if (!isAction && file === undefined) return ['run', action];
  const what = isAction ? `campaign ${action} of which file?` : `there is no campaign ${action}`;
  throw new ReflowError('E_USAGE', what, 'write: reflow campaign run FILE');
}

export function campaignComplaint(result: CampaignResult): ReflowError | null {
  const wrong = result.table.filter(({ outcome }) => outcome === 'wrong output');
  if (wrong.length > 0) {
    const { network, board, message } = wrong[0]!;
    const what = `${wrong.length} of ${result.trials} trials gave wrong output, first ${network} on ${board}: ${message}`;
    return new ReflowError('E_MISMATCH', what, `reflow verify ${network} shows where`);
  }
  if (result.complete || result.action === 'show') return null;
  const open = result.table.find(({ outcome }) => outcome === 'waiting' || outcome === 'running');
  const why = result.quarantined.at(-1)?.why ?? `nobody has a board for ${open?.board}`;
  return new ReflowError(
    'E_DEVICE',
    `${result.trials - result.finished} of ${result.trials} trials were not run: ${why}`,
    'see to the board, then run the campaign again with --retry',
  );
}

export function printCampaign(result: CampaignDone): string {
  const settings = new Set(result.table.map(({ setting }) => setting)).size > 1;
  const cost = ({ result: found }: CampaignRow) => (found === null ? null : costValue(found));
  const rows = result.table.map((row) => [
    row.network,
    row.board,
    ...(settings ? [row.setting] : []),
    row.outcome,
    cost(row),
    row.result === null ? '' : costUnit(row.result),
    row.result?.arenaBytes ?? null,
    row.result?.flashBytes ?? null,
    row.result?.stackBytes ?? null,
    row.message ?? '',
  ]);
  const head = ['network', 'board', ...(settings ? ['setting'] : []), 'outcome', 'cost', 'in'];
  return paragraphs(
    `campaign ${result.campaign}: ${result.finished} of ${result.trials} trials ended`,
    table([...head, 'arena', 'flash', 'stack', ''], rows),
    result.quarantined.length === 0
      ? ''
      : table(
          ['in quarantine', 'why'],
          result.quarantined.map(({ unit, why }) => [unit, why]),
        ),
    pairs([
      ['store', result.store],
      ['report', result.report],
    ]),
  );
}
