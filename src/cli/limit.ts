// `limit set|raise|remove|list|report`: limits of keys, users and the house. A running server has taken a change in
// when the command ends.
import { type Command, Option } from 'commander';
import { BUDGET_PERIODS } from '../core/limits/budget-period.ts';
import { amountText, isBudget, type Limit, limitName } from '../core/limits/limit.ts';
import { systemDoer } from '../core/principal.ts';
import { limitReport, monthSpan } from '../services/limits/limit-report.ts';
import { readLimitStates } from '../services/limits/limit-states.ts';
import { isRaised, raiseLimit, removeLimit, setLimit } from '../services/limits/manage-limits.ts';
import { findKeyById } from '../store/api-keys.ts';
import type { Store } from '../store/open-store.ts';
import { findUserById } from '../store/users.ts';
import { withDataOption, withStore, withStoreChange } from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { type LimitOptions, ownerOf, parseAmount, parseUsd, readLimitOptions } from './limit-options.ts';
import { parseDuration } from './parse-duration.ts';
import { printTable, printTime } from './print-table.ts';

const DOER = systemDoer('tollgate limit');

interface DataOptions {
  readonly data?: string;
}

export function addLimitCommands(program: Command): void {
  const limit = program.command('limit').description('limits and budgets of keys, users and the house');
  addSetCommand(limit);
  withDataOption(limit.command('raise'))
    .argument('<id>')
    .requiredOption('--to <amount>', 'dollars for a money budget, else requests or tokens')
    .requiredOption('--for <duration>', 'how long, such as 12h or 7d')
    .description('a higher amount for a while; it ends by itself')
    .action(raiseAction);
  withDataOption(limit.command('remove')).argument('<id>').description('remove a limit').action(removeAction);
  withDataOption(limit.command('list'))
    .option('--user <name>', 'only those of this user')
    .option('--key <id>', 'only those of this key')
    .option('--house', 'only those of the house')
    .description('all limits, with what their budgets have used')
    .action(listAction);
  withDataOption(limit.command('report'))
    .option('--month <month>', 'such as 2026-11 (default: this month, UTC)')
    .option('--near <percent>', 'list limits that came this near', '80')
    .description('who came near a limit in a month, and whom it refused')
    .action(reportAction);
}

function addSetCommand(limit: Command): void {
  withDataOption(limit.command('set'))
    .option('--user <name>', 'a limit of this user, over all their keys')
    .option('--key <id>', 'a limit of this key')
    .option('--house', 'a limit of the whole house')
    .option('--requests-per-minute <n>')
    .option('--tokens-per-minute <n>', 'input and output together')
    .option('--concurrent <n>', 'requests at once')
    .option('--budget <usd>', 'dollars per period, such as 25 or 0.50')
    .option('--budget-tokens <n>', 'tokens per period, input and output together')
    .addOption(new Option('--per <period>', 'period of the budget').choices([...BUDGET_PERIODS]))
    .option('--time-zone <zone>', 'whose calendar counts days, such as Europe/Berlin (default: UTC)')
    .option('--warn <percent>', 'warn at this share of a budget, or off (default: 80)')
    .option('--allow-unpriced', 'let models without a price through a money budget, uncounted')
    .option('--no-allow-unpriced', 'refuse models without a price')
    .description('set one or more limits; a limit of the same owner, kind and period is changed')
    .action(setAction);
}

async function setAction(options: LimitOptions): Promise<void> {
  const wanted = readLimitOptions(options);
  const limits = await withStoreChange(options, async (context) => {
    const owner = await ownerOf(context.store, options);
    if (!owner) throw new CommandFailed('say whose limit it is: --user NAME, --key ID or --house', 2);
    const set: Limit[] = [];
    for (const limit of wanted) set.push(await setLimit(context, { ...owner, ...limit }, DOER));
    return set;
  });
  for (const limit of limits) console.log(`${limit.id}  ${sentence(limit)}`);
}

async function raiseAction(id: string, options: DataOptions & { to: string; for: string }): Promise<void> {
  const durationMs = parseDuration(options.for);
  if (durationMs === null)
    throw new CommandFailed(`--for is a number with m, h, d, w or y, not ${options.for}`, 2);
  const limit = await withStoreChange(options, async (context) => {
    const states = await readLimitStates(context);
    const known = states.find((state) => state.limit.id === id)?.limit;
    if (!known) throw new CommandFailed(`there is no limit ${id}; tollgate limit list shows all`);
    const amount =
      known.kind === 'budget_money' ? parseUsd('--to', options.to) : parseAmount('--to', options.to);
    const untilMs = context.clock.nowMs() + durationMs;
    return raiseLimit(context, { id, amount, untilMs }, DOER);
  });
  const raised = amountText(limit.kind, limit.raisedAmount ?? limit.amount);
  console.error(`Raised to ${raised} until ${printTime(limit.raisedUntilMs)} UTC.`);
}

async function removeAction(id: string, options: DataOptions): Promise<void> {
  const limit = await withStoreChange(options, (context) => removeLimit(context, id, DOER));
  console.error(`Removed: ${sentence(limit)}.`);
}

async function listAction(
  options: DataOptions & { user?: string; key?: string; house?: true },
): Promise<void> {
  const rows = await withStore(options, async (context) => {
    const only = await ownerOf(context.store, options);
    const states = (await readLimitStates(context)).filter(
      ({ limit }) => !only || (limit.scope === only.scope && limit.scopeId === only.scopeId),
    );
    const nowMs = context.clock.nowMs();
    return Promise.all(
      states.map(async ({ limit, amount, used, resetsMs }) => [
        limit.id,
        await ownerName(context.store, limit),
        limitName(limit).replace(/ of (this|your).*$/, ''),
        amountText(limit.kind, amount) + (isRaised(limit, nowMs) ? ' (raised)' : ''),
        isBudget(limit.kind) ? amountText(limit.kind, used) : '-',
        printTime(resetsMs),
        limit.period === null ? '-' : limit.timeZone,
      ]),
    );
  });
  printTable(['ID', 'OWNER', 'LIMIT', 'AMOUNT', 'USED', 'RENEWS (UTC)', 'ZONE'], rows);
}

async function reportAction(options: DataOptions & { month?: string; near: string }): Promise<void> {
  const nearPercent = parseAmount('--near', options.near);
  const rows = await withStore(options, async ({ store, clock }) => {
    const month = options.month ?? new Date(clock.nowMs()).toISOString().slice(0, 7);
    const span = monthSpan(month);
    if (!span) throw new CommandFailed(`--month is a year and a month such as 2026-11, not ${month}`, 2);
    const report = await limitReport(store, { ...span, nearPercent });
    return Promise.all(
      report.map(async ({ limitId, limit, name, peakPercent, refusals }) => [
        limitId,
        limit ? await ownerName(store, limit) : '-',
        name.replace(/ of (this|your).*$/, ''),
        limit ? amountText(limit.kind, limit.amount) : '-',
        `${peakPercent}%`,
        String(refusals),
      ]),
    );
  });
  printTable(['ID', 'OWNER', 'LIMIT', 'AMOUNT', 'HIGHEST', 'REFUSED'], rows);
}

function sentence(limit: Limit): string {
  return `${limitName(limit).replace(/ of (this|your).*$/, '')}: ${amountText(limit.kind, limit.amount)}`;
}

async function ownerName(store: Store, { scope, scopeId }: Limit): Promise<string> {
  if (scope === 'house' || scopeId === null) return 'house';
  if (scope === 'user') return (await findUserById(store.read, scopeId))?.username ?? scopeId;
  const key = await findKeyById(store.read, scopeId);
  return key ? `${key.name} (${scopeId})` : scopeId;
}
