// `config check`: validates and prints the effective configuration, secrets masked.
import type { Command } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import type { Config } from '../config/load-config.ts';
import { SETTINGS, type SettingName } from '../config/settings.ts';
import { amountText, limitName } from '../core/limits/limit.ts';
import { describeProviders } from '../upstream/providers/assemble-providers.ts';
import { configOf, withDataOption } from './command-context.ts';
import { houseLimits } from './compose-limits.ts';
import { readEffectiveProviders } from './effective-providers.ts';
import { printable, printTable } from './print-table.ts';

export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('the configuration');
  withDataOption(config.command('check'))
    .description('validate and print the effective configuration, secrets masked')
    .action(async (options: { data?: string }) => {
      const config = configOf(options);
      printConfig(config);
      await printProviders(config);
    });
}

function printConfig(config: Config): void {
  const limits = houseLimits(config.yaml);
  for (const warning of config.warnings) console.error(`warning: ${warning}`);
  const names = Object.keys(SETTINGS) as SettingName[];
  printTable(
    ['SETTING', 'VALUE', 'FROM'],
    names.map((name) => [
      name,
      shownValue(config, name),
      config.environment[name] === undefined ? 'default' : 'given',
    ]),
  );
  console.log(`\ntollgate.yaml: ${config.yamlPath ?? 'none'}`);
  for (const limit of limits) console.log(`${limitName(limit)}: ${amountText(limit.kind, limit.amount)}`);
}

/** Throws ConfigError that names every wrong provider setting. */
async function printProviders(config: Config): Promise<void> {
  const set = await readEffectiveProviders(config);
  console.log('\nproviders:');
  const lines = describeProviders(set);
  for (const line of lines.length > 0 ? lines : ['none; the demo models are on'])
    console.log(printable(line));
  for (const notice of set.notices) console.error(`warning: ${printable(notice)}`);
  if (set.problems.length > 0) throw new ConfigError(set.problems);
}

function shownValue(config: Config, name: SettingName): string {
  const value = config.settings[name];
  if (value === null) return '(not set)';
  if (SETTINGS[name].secret) return '(set, hidden)';
  return Array.isArray(value) ? value.join(', ') : String(value);
}
