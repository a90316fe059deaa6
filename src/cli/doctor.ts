// `doctor`: looks at configuration, files, database and providers and says, one line each, what is wrong and how to mend
// it. Changes nothing; exit 1 on any fault.
import type { Command } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { type Config, loadConfig } from '../config/load-config.ts';
import { checkDatabaseFile } from '../services/doctor/check-database.ts';
import { checkFiles } from '../services/doctor/check-files.ts';
import { checkProviders } from '../services/doctor/check-providers.ts';
import { type Finding, fault, note, ok } from '../services/doctor/finding.ts';
import { withDataOption } from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { printable } from './print-table.ts';

const LOOPBACK = /^(127\.|localhost$|::1$)/;

export function addDoctorCommand(program: Command): void {
  withDataOption(program.command('doctor'))
    .description('look for what is wrong and say how to mend it')
    .action(examine);
}

async function examine(options: { readonly data?: string }): Promise<void> {
  const { config, findings } = readConfig(options);
  const all = config ? [...findings, ...(await examineHouse(config))] : findings;
  for (const finding of all) console.log(printable(lineOf(finding)));
  const faults = all.filter(({ level }) => level === 'fault').length;
  if (faults > 0) throw new CommandFailed(`${faults} ${faults === 1 ? 'fault' : 'faults'} found`);
}

function lineOf({ level, subject, text, mend }: Finding): string {
  const head = `${level.padEnd(5)} ${subject}: ${text}`;
  return mend === null ? head : `${head}. Mend: ${mend}`;
}

/** What production refuses is told, and then looked past, so that one run finds everything. */
function readConfig(options: { readonly data?: string }): { config: Config | null; findings: Finding[] } {
  const overrides = options.data === undefined ? {} : { DATA_DIR: options.data };
  try {
    const config = loadConfig({ overrides });
    const notes = config.warnings.map((warning) =>
      note('configuration', warning, 'change the setting it names'),
    );
    return { config, findings: [ok('configuration', config.yamlPath ?? 'environment alone'), ...notes] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const findings = error.problems.map((problem) =>
      fault('configuration', problem, 'correct what it names'),
    );
    return { config: pastRefusal(overrides), findings };
  }
}

function pastRefusal(overrides: Record<string, string>): Config | null {
  try {
    return loadConfig({ overrides: { ...overrides, ALLOW_INSECURE_DEFAULTS: 'true' } });
  } catch {
    return null;
  }
}

async function examineHouse(config: Config): Promise<Finding[]> {
  return [
    ...checkFiles(config.dataDir),
    ...(await checkDatabaseFile(config.databasePath, config.secrets.masterKey)),
    ...checkProviders(config),
    checkExposure(config),
  ];
}

function checkExposure({ settings, production }: Config): Finding {
  const { HOST, PUBLIC_URL } = settings;
  if (!production && !LOOPBACK.test(HOST)) {
    return fault(
      'network',
      `${HOST} can be reached by others and APP_ENV is dev`,
      'set APP_ENV=prod and put a TLS proxy in front (docs/operating.md)',
    );
  }
  if (production && PUBLIC_URL !== null && !PUBLIC_URL.startsWith('https://')) {
    return fault(
      'network',
      `PUBLIC_URL is ${PUBLIC_URL}, and sign-in cookies need TLS`,
      'set PUBLIC_URL to the https:// address of the proxy',
    );
  }
  return ok('network', `listens on ${HOST}`);
}
