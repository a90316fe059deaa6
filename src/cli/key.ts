// `key create|list|rotate|revoke`. `create` prints the token alone on stdout, so that scripts can take it.
import type { Command } from 'commander';
import type { Clock } from '../lib/clock.ts';
import {
  COMMAND_ACT,
  createKey,
  type KeyParts,
  ROTATION_GRACE_MAX_MS,
  revokeKey,
  rotateKey,
} from '../services/people/manage-keys.ts';
import { type ApiKeyRow, listKeysOfUser } from '../store/api-keys.ts';
import { listUsers } from '../store/users.ts';
import { type CommandContext, withDataOption, withStore, withStoreChange } from './command-context.ts';
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
  withDataOption(key.command('rotate'))
    .argument('<id>')
    .option('--grace <duration>', 'how long the old key serves on, such as 1h or 7d (default: not at all)')
    .description('make the successor of a key; prints its token alone, once')
    .action(rotateAction);
  withDataOption(key.command('revoke'))
    .argument('<id>')
    .description('end a key; a running server refuses its next request')
    .action(revokeAction);
}

async function createAction(options: CreateOptions): Promise<void> {
  const { onHangUp } = options;
  if (onHangUp !== 'cancel' && onHangUp !== 'drain')
    throw new CommandFailed('--on-hang-up is cancel or drain', 2);
  const issued = await withStoreChange(options, async (context) => {
    const user = await requireUser(context.store, options.user);
    if (options.admin && user.role !== 'admin') {
      throw new CommandFailed(`${user.username} is not an admin; a key never has more rights than its owner`);
    }
    return createKey(keyParts(context), {
      ...COMMAND_ACT,
      ownerId: user.id,
      name: options.name,
      scopes: options.admin ? ['use', 'admin'] : ['use'],
      fields: {
        expiresMs: expiryOf(options.expires, context.clock),
        models: commaList(options.models),
        addresses: commaList(options.addresses),
        tags: commaList(options.tags) ?? [],
        onHangUp,
      },
    });
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
  await withStoreChange(options, (context) =>
    revokeKey(keyParts(context), { ...COMMAND_ACT, target: { keyId: id, ownerId: null } }),
  );
  console.error(`Revoked ${id}.`);
}

async function rotateAction(id: string, options: { data?: string; grace?: string }): Promise<void> {
  const graceMs = options.grace === undefined ? 0 : parseDuration(options.grace);
  if (graceMs === null || graceMs > ROTATION_GRACE_MAX_MS) {
    throw new CommandFailed(`--grace is a duration of at most 30d, such as 1h, not ${options.grace}`, 2);
  }
  const issued = await withStoreChange(options, (context) =>
    rotateKey(keyParts(context), { ...COMMAND_ACT, target: { keyId: id, ownerId: null }, graceMs }),
  );
  console.error(`Created key ${issued.row.id}. The token is shown only now:`);
  console.log(issued.token);
}

/** A command tells a running server of its change itself, so there is no index to reload. */
function keyParts({ config, store, clock }: CommandContext): KeyParts {
  return { store, clock, pepper: config.secrets.pepper, reloadKeys: async () => {} };
}
