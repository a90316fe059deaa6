// `usage export|prune`: the ledger out, and retention. The export is alone on stdout; progress goes to stderr.
import { type Command, Option } from 'commander';
import { applyRetention } from '../services/apply-retention.ts';
import { exportUsage } from '../services/export-usage.ts';
import type { Store } from '../store/open-store.ts';
import { countUsage, type UsageFilter } from '../store/usage-listing.ts';
import { withDataOption, withStore } from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { createProgressBar } from './progress-bar.ts';
import { requireUser } from './user.ts';

interface ExportOptions {
  readonly data?: string;
  readonly format: 'csv' | 'ndjson';
  readonly since?: string;
  readonly until?: string;
  readonly user?: string;
  readonly key?: string;
  readonly model?: string;
  readonly provider?: string;
  readonly tag?: string;
}

export function addUsageCommands(program: Command): void {
  const usage = program.command('usage').description('the usage ledger');
  withDataOption(usage.command('export'))
    .addOption(new Option('--format <format>', 'csv or ndjson').choices(['csv', 'ndjson']).default('csv'))
    .option('--since <time>', 'from this UTC day or time on, such as 2026-11-01 or 2026-11-01T08:00Z')
    .option('--until <time>', 'before this UTC day or time')
    .option('--user <name>', 'only the usage of this user')
    .option('--key <id>', 'only the usage of this key')
    .option('--model <provider/model>', 'only this model')
    .option('--provider <name>', 'only this provider')
    .option('--tag <tag>', 'only rows with this tag')
    .description('write the usage events to stdout, oldest first')
    .action(exportAction);
  withDataOption(usage.command('prune'))
    .option('--days <days>', 'days to keep (default: USAGE_RETENTION_DAYS)')
    .description('delete usage events that are older than the retention time; daily totals stay')
    .action(pruneAction);
}

async function exportAction(options: ExportOptions): Promise<void> {
  await withStore(options, async ({ store }) => {
    const filter = await filterOf(store, options);
    const bar = createProgressBar('usage export', await countUsage(store.read, filter));
    const output = Bun.stdout.writer();
    let rows = 0;
    for await (const chunk of exportUsage(store, { format: options.format, filter })) {
      output.write(chunk.text);
      await output.flush();
      rows += chunk.rows;
      bar.update(rows);
    }
    await output.end();
    bar.finish();
  });
}

async function filterOf(store: Store, options: ExportOptions): Promise<UsageFilter> {
  const { key, model, provider, tag, since, until } = options;
  return {
    ...(options.user !== undefined && { userId: (await requireUser(store, options.user)).id }),
    ...(key !== undefined && { keyId: key }),
    ...(model !== undefined && { model }),
    ...(provider !== undefined && { provider }),
    ...(tag !== undefined && { tag }),
    ...(since !== undefined && { sinceMs: timeOf('--since', since) }),
    ...(until !== undefined && { untilMs: timeOf('--until', until) }),
  };
}

function timeOf(name: string, text: string): number {
  const ms = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00Z` : text);
  if (Number.isFinite(ms)) return ms;
  throw new CommandFailed(`${name} is a day or time such as 2026-11-01 or 2026-11-01T08:00Z, not ${text}`, 2);
}

async function pruneAction(options: { data?: string; days?: string }): Promise<void> {
  const result = await withStore(options, async ({ store, clock, config }) => {
    const retentionDays =
      options.days === undefined ? config.settings.USAGE_RETENTION_DAYS : daysOf(options.days);
    return applyRetention({ store, clock, retentionDays });
  });
  console.log(`deleted ${result.deleted}`);
}

function daysOf(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1) return days;
  throw new CommandFailed(`--days is a whole number of at least 1, not ${text}`, 2);
}
