// `key create|list|revoke`. `create` prints the token alone on stdout, so that scripts can take it.
import type { Command } from 'commander';
import type { Clock } from '../lib/clock.ts';
import { issueKey } from '../services/issue-key.ts';
import { type ApiKeyRow, findKeyById, listKeysOfUser, revokeKeyRow } from '../store/api-keys.ts';
import { listUsers } from '../store/users.ts';
import { withDataOption, withStore, withStoreChange } from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { parseDuration } from './parse-duration.ts';
import { printTable, printTime } from './print-table.ts';
import { requireUser } from './user.ts';

interface CreateOptions {
  readonly data?: string;
  readonly user: string;
  readonly name: string;
  readonly expires?: string;
  readonly models?: string;
  readonly addresses?: string;
  readonly tags?: string;
  readonly admin?: true;
  readonly onHangUp: string;
}

export function addKeyCommands(program: Command): void {
  const key = program.command('key').description('API keys');
  withDataOption(key.command('create'))
    .requiredOption('--user <name>', 'owner of the key')
    .requiredOption('--name <label>', 'what the key is for')
    .option('--expires <duration>', 'lifetime such as 90d or 12h (default: none)')
    .option('--models <globs>', 'comma list of models the key may use, such as openai/*')
    .option('--addresses <ranges>', 'comma list of addresses or CIDR ranges it may be used from')
    .option('--tags <tags>', 'comma list of tags for the usage ledger')
    .option('--on-hang-up <policy>', 'cancel or drain', 'cancel')
    .option('--admin', 'also opens the admin API; the owner must be an admin')
    .description('make an API key; prints the token alone, once')
    .action(createAction);
  withDataOption(key.command('list'))
    .option('--user <name>', 'only the keys of this user')
    .description('API keys, never their tokens')
    .action(listAction);
  withDataOption(key.command('revoke'))
    .argument('<id>')
    .description('end a key; a running server refuses its next request')
    .action(revokeAction);
}

async function createAction(options: CreateOptions): Promise<void> {
  const { onHangUp } = options;
  if (onHangUp !== 'cancel' && onHangUp !== 'drain')
    throw new CommandFailed('--on-hang-up is cancel or drain', 2);
  const issued = await withStoreChange(options, async ({ config, store, clock }) => {
    const user = await requireUser(store, options.user);
    if (options.admin && user.role !== 'admin') {
      throw new CommandFailed(`${user.username} is not an admin; a key never has more rights than its owner`);
    }
    return issueKey(
      { store, clock, pepper: config.secrets.pepper },
      {
        userId: user.id,
        name: options.name,
        expiresMs: expiryOf(options.expires, clock),
        scopes: options.admin ? ['use', 'admin'] : ['use'],
        models: commaList(options.models),
        addresses: commaList(options.addresses),
        tags: commaList(options.tags) ?? [],
        onHangUp,
      },
    );
  });
  console.error(`Created key ${issued.row.id}. The token is shown only now:`);
  console.log(issued.token);
}

function expiryOf(text: string | undefined, clock: Clock): number | null {
  if (text === undefined) return null;
  const durationMs = parseDuration(text);
  if (durationMs === null)
    throw new CommandFailed(`--expires is a number with m, h, d, w or y, not ${text}`, 2);
  return clock.nowMs() + durationMs;
}

function commaList(text: string | undefined): string[] | null {
  if (text === undefined) return null;
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

async function listAction(options: { data?: string; user?: string }): Promise<void> {
  const rows = await withStore(options, async ({ store, clock }) => {
    const users = options.user ? [await requireUser(store, options.user)] : await listUsers(store.read);
    const found: string[][] = [];
    for (const user of users) {
      const keys = await listKeysOfUser(store.read, user.id);
      for (const key of keys)
        found.push([
          key.id,
          user.username,
          key.name,
          `${key.token_prefix}…`,
          stateOf(key, clock),
          printTime(key.created_ms),
          printTime(key.expires_ms),
        ]);
    }
    return found;
  });
  printTable(['ID', 'USER', 'NAME', 'BEGINS', 'STATE', 'CREATED (UTC)', 'EXPIRES'], rows);
}

function stateOf(key: ApiKeyRow, clock: Clock): string {
  if (key.revoked_ms !== null) return 'revoked';
  return key.expires_ms !== null && key.expires_ms <= clock.nowMs() ? 'expired' : 'active';
}

async function revokeAction(id: string, options: { data?: string }): Promise<void> {
  await withStoreChange(options, async ({ store, clock }) => {
    if (!(await findKeyById(store.read, id))) {
      throw new CommandFailed(`there is no key ${id}; tollgate key list shows all`);
    }
    await revokeKeyRow(store.write, id, clock.nowMs());
  });
  console.error(`Revoked ${id}.`);
}
