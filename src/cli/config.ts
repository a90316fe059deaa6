// `config check`: validates and prints the effective configuration, secrets masked.
import type { Command } from 'commander';
import type { Config } from '../config/load-config.ts';
import { SETTINGS, type SettingName } from '../config/settings.ts';
import { amountText, limitName } from '../core/limits/limit.ts';
import { configOf, withDataOption } from './command-context.ts';
import { houseLimits } from './compose-limits.ts';
import { printTable } from './print-table.ts';

export function addConfigCommands(program: Command): void {
  const config = program.command('config').description('the configuration');
  withDataOption(config.command('check'))
    .description('validate and print the effective configuration, secrets masked')
    .action((options: { data?: string }) => printConfig(configOf(options)));
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

function shownValue(config: Config, name: SettingName): string {
  const value = config.settings[name];
  if (value === null) return '(not set)';
  if (SETTINGS[name].secret) return '(set, hidden)';
  return Array.isArray(value) ? value.join(', ') : String(value);
}
