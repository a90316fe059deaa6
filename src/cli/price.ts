// `price set|remove|list`: prices of this house, which win over the price list of the release.
import type { Command } from 'commander';
import { systemDoer } from '../core/principal.ts';
import { listPrices, removePrice, setPrice } from '../services/manage-prices.ts';
import { withDataOption, withStore, withStoreChange } from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { printTable, printTime } from './print-table.ts';

const DOER = systemDoer('tollgate price');

const RATES = [
  ['input', 'input'],
  ['output', 'output'],
  ['cached', 'cached'],
  ['cacheWrite5m', 'cache_write_5m'],
  ['cacheWrite1h', 'cache_write_1h'],
  ['reasoning', 'reasoning'],
  ['audioInput', 'audio_input'],
  ['audioOutput', 'audio_output'],
  ['webSearch', 'web_search'],
] as const;

type SetOptions = { readonly data?: string } & { readonly [name in (typeof RATES)[number][0]]?: string };

export function addPriceCommands(program: Command): void {
  const price = program.command('price').description('prices that win over the price list of this release');
  withDataOption(price.command('set'))
    .argument('<provider/model>', 'globs allowed, such as ollama/*')
    .requiredOption('--input <usd>', 'dollars per million tokens read')
    .requiredOption('--output <usd>', 'dollars per million tokens written')
    .option('--cached <usd>', 'per million tokens read from the cache (default: as input)')
    .option('--cache-write-5m <usd>', 'per million tokens written to the cache for five minutes')
    .option('--cache-write-1h <usd>', 'per million tokens written to the cache for an hour')
    .option('--reasoning <usd>', 'per million reasoning tokens (default: as output)')
    .option('--audio-input <usd>', 'per million audio tokens read')
    .option('--audio-output <usd>', 'per million audio tokens written')
    .option('--web-search <usd>', 'per thousand searches')
    .description('set a price; rows written from now on use it, older ones keep theirs')
    .action(setAction);
  withDataOption(price.command('remove'))
    .argument('<provider/model>', 'as it was set')
    .description('let the price list of the release count again')
    .action(removeAction);
  withDataOption(price.command('list')).description('the prices set here').action(listAction);
}

async function setAction(pattern: string, options: SetOptions): Promise<void> {
  const given = RATES.flatMap(([option, name]) => {
    const text = options[option];
    return text === undefined ? [] : [[name, dollars(name, text)] as const];
  });
  const price = { input: 0, output: 0, ...Object.fromEntries(given) };
  await withStoreChange(options, (context) => setPrice(context, { pattern, price }, DOER));
  console.error(`Set the price of ${pattern}.`);
}

function dollars(name: string, text: string): number {
  const usd = Number(text);
  if (text.trim() !== '' && Number.isFinite(usd) && usd >= 0) return usd;
  throw new CommandFailed(`${name} is dollars such as 1.25, not ${text}`, 2);
}

async function removeAction(pattern: string, options: { data?: string }): Promise<void> {
  await withStoreChange(options, (context) => removePrice(context, pattern, DOER));
  console.error(`Removed the price of ${pattern}.`);
}

async function listAction(options: { data?: string }): Promise<void> {
  const prices = await withStore(options, ({ store }) => listPrices(store));
  const rows = prices.map(({ pattern, price, createdMs }) => [
    pattern,
    ...RATES.map(([, name]) => String(price[name] ?? '-')),
    printTime(createdMs),
  ]);
  printTable(['MODEL', ...RATES.map(([, name]) => name.toUpperCase()), 'SET (UTC)'], rows);
}
