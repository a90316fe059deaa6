// `provider list|add|disable|enable|remove|test|rotate-master-key`. Keys are read from standard input and never shown.
import type { Command } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { keepMasterKey } from '../config/secrets.ts';
import { systemDoer } from '../core/principal.ts';
import { systemClock } from '../lib/clock.ts';
import { maskSecret } from '../lib/redact-text.ts';
import type { CredentialDeps } from '../services/provider-credentials/add-credential.ts';
import {
  addProviderKey,
  removeProviderKey,
  setProviderKeyEnabled,
} from '../services/provider-credentials/manage-credentials.ts';
import { rotateMasterKey } from '../services/provider-credentials/rotate-master-key.ts';
import { createAddressGuard } from '../upstream/address-guard.ts';
import { checkCredential } from '../upstream/check-credential.ts';
import type { ProviderSet } from '../upstream/providers/assemble-providers.ts';
import { canonicalProvider } from '../upstream/providers/discover.ts';
import { type Credential, PRIORITY_DEFAULT } from '../upstream/providers/provider-spec.ts';
import {
  type CommandContext,
  configOf,
  withDataOption,
  withStore,
  withStoreChange,
} from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { isServerRunning } from './control-socket.ts';
import { effectiveProviders, readEffectiveProviders } from './effective-providers.ts';
import { printable, printTable } from './print-table.ts';

interface DataOptions {
  readonly data?: string;
}

const ACT = { doer: systemDoer('tollgate provider') };

export function addProviderCommands(program: Command): void {
  const provider = program.command('provider').description('providers and their keys');
  withDataOption(provider.command('list'))
    .description('every provider key in force, masked, and where it comes from')
    .action(listAction);
  withDataOption(provider.command('add'))
    .argument('<provider>', 'openai, anthropic, … or a new name together with --base-url')
    .requiredOption('--label <label>', 'what people call the key')
    .option('--base-url <url>', 'address of a provider that Tollgate does not know')
    .option('--priority <number>', 'lower goes first')
    .description('store a provider key, sealed; the key is read from standard input')
    .action(addAction);
  for (const act of ['disable', 'enable'] as const) {
    withDataOption(provider.command(act))
      .argument('<id>', 'as provider list shows it')
      .description(`switch a provider key ${act === 'disable' ? 'off' : 'on'}, whatever its source`)
      .action((id: string, options: DataOptions) => switchAction(id, options, act === 'enable'));
  }
  withDataOption(provider.command('remove'))
    .argument('<id>')
    .description('delete a stored provider key')
    .action(removeAction);
  withDataOption(provider.command('test'))
    .argument('[name]', 'a provider or the id of a key (default: all)')
    .description('ask providers whether they accept their keys; costs no tokens; exit 1 when one does not')
    .action(testAction);
  withDataOption(provider.command('rotate-master-key'))
    .description(
      'seal all stored keys under another MASTER_KEY, read from standard input; stop the server first',
    )
    .action(rotateAction);
}

async function listAction(options: DataOptions): Promise<void> {
  const set = await readEffectiveProviders(configOf(options));
  for (const notice of set.notices) console.error(`warning: ${printable(notice)}`);
  printTable(
    ['PROVIDER', 'ID', 'LABEL', 'KEY', 'SOURCE', 'PRIORITY', 'STATE'],
    set.credentials.map((each) => [
      each.provider,
      each.id,
      printable(each.label),
      maskSecret(each.secret),
      each.source,
      String(priorityOf(set, each)),
      set.disabled.has(each.id) ? 'disabled' : 'on',
    ]),
  );
}

function priorityOf(set: ProviderSet, { provider, label, priority }: Credential): number | string {
  const given = set.settings.get(provider)?.priorities.get(label) ?? priority;
  return given === PRIORITY_DEFAULT ? '-' : given;
}

async function addAction(
  provider: string,
  options: DataOptions & { label: string; baseUrl?: string; priority?: string },
): Promise<void> {
  const secret = await fromStandardInput('the provider key');
  const id = await withStoreChange(options, async (context) => {
    const set = await effectiveProviders(context.config, context.store);
    return addProviderKey(credentialDeps(context), ACT, {
      provider,
      secret,
      label: options.label,
      priority: options.priority === undefined ? null : Number(options.priority),
      baseUrl: options.baseUrl ?? null,
      knownProviders: set.specs.map((spec) => spec.name),
    });
  });
  console.error(`Stored. tollgate provider test ${id} asks the provider whether it works.`);
  console.log(id);
}

async function switchAction(id: string, options: DataOptions, enabled: boolean): Promise<void> {
  await withStoreChange(options, async (context) => {
    const { label } = find(await effectiveProviders(context.config, context.store), id);
    await setProviderKeyEnabled(credentialDeps(context), ACT, { id, label, enabled });
  });
  console.error(`${id} is ${enabled ? 'on' : 'off'}.`);
}

async function removeAction(id: string, options: DataOptions): Promise<void> {
  await withStoreChange(options, (context) => removeProviderKey(credentialDeps(context), ACT, id));
  console.error(`Removed ${id}.`);
}

async function testAction(name: string | undefined, options: DataOptions): Promise<void> {
  const set = await readEffectiveProviders(configOf(options));
  const wanted = set.credentials.filter(
    (each) => name === undefined || each.id === name || each.provider === canonicalProvider(name),
  );
  if (wanted.length === 0)
    throw new CommandFailed(
      name === undefined
        ? 'no provider key is set'
        : `there is no provider or key ${name}; tollgate provider list shows all`,
    );
  let bad = 0;
  for (const credential of wanted) {
    const spec = set.specs.find((each) => each.name === credential.provider);
    if (!spec) continue;
    const check = await checkCredential(spec, credential, systemClock);
    if (check.kind === 'refused' || check.kind === 'unreachable') bad += 1;
    const detail = [check.status ?? check.failure ?? '', check.message]
      .filter((part) => part !== '')
      .join(' ');
    console.log(
      printable(
        `${credential.provider} ${credential.id} ${credential.label}: ${check.kind.replace('_', ' ')} ${detail}`.trim(),
      ),
    );
  }
  if (bad > 0) throw new CommandFailed(`${bad} of ${wanted.length} keys do not work`);
}

async function rotateAction(options: DataOptions): Promise<void> {
  const config = configOf(options);
  if (await isServerRunning(config.dataDir))
    throw new CommandFailed('a server is running with the present MASTER_KEY; stop it first');
  const next = await fromStandardInput('the new MASTER_KEY');
  const count = await withStore(options, ({ store }) =>
    rotateMasterKey(store, config.secrets.masterKey, next),
  );
  // Sealed first and kept after: a cut in between is mended by running the command again.
  const kept = config.settings.MASTER_KEY ? false : keep(config.dataDir, next);
  console.error(
    `${count} ${count === 1 ? 'key' : 'keys'} sealed anew. ${kept ? `The new MASTER_KEY is kept in ${config.dataDir}.` : 'Start the server with the new MASTER_KEY.'}`,
  );
}

function keep(dataDir: string, masterKey: string): boolean {
  try {
    return keepMasterKey(dataDir, masterKey);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandFailed(error.message);
    throw error;
  }
}

function find(set: ProviderSet, id: string): Credential {
  const found = set.credentials.find((each) => each.id === id);
  if (!found) throw new CommandFailed(`there is no key ${id}; tollgate provider list shows all`);
  return found;
}

function credentialDeps({ config, store, clock }: CommandContext): CredentialDeps {
  const allowPrivate = config.settings.ALLOW_PRIVATE_UPSTREAMS;
  return {
    store,
    clock,
    masterKey: config.secrets.masterKey,
    guard: createAddressGuard({ allowPrivate, clock }),
  };
}

async function fromStandardInput(what: string): Promise<string> {
  if (process.stdin.isTTY) console.error(`Type or paste ${what}, then press Enter and Ctrl-D.`);
  const text = (await Bun.stdin.text()).trim();
  if (text === '') throw new CommandFailed(`nothing came on standard input; send ${what} there`, 2);
  return text;
}
