// `user create|list|disable|enable|reset-password`.
import type { Command } from 'commander';
import { passwordFault } from '../core/password-policy.ts';
import { systemDoer } from '../core/principal.ts';
import { randomToken } from '../lib/id.ts';
import { restrictUser } from '../services/limits/restrict-user.ts';
import { isCommonPassword } from '../services/passwords/known-passwords.ts';
import { createPasswordHasher } from '../services/passwords/password-hasher.ts';
import {
  type AccountParts,
  createAccount,
  resetAccountPassword,
  setAccountActive,
} from '../services/people/accounts.ts';
import { createSignInThrottle } from '../services/people/sign-in-throttle.ts';
import type { Store } from '../store/open-store.ts';
import { findUserByName, listUsers, type UserRow } from '../store/users.ts';
import { type CommandContext, withDataOption, withStore, withStoreChange } from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { printTable, printTime } from './print-table.ts';

interface DataOptions {
  readonly data?: string;
}

const DOER = systemDoer('command line');

export function addUserCommands(program: Command): void {
  const user = program.command('user').description('accounts');
  withDataOption(user.command('create'))
    .argument('<name>')
    .option('--role <role>', 'admin or user', 'user')
    .option('--password-stdin', 'read the password from standard input')
    .description('make an account; without --password-stdin a password is generated and printed once')
    .action(createAction);
  withDataOption(user.command('list')).description('all accounts').action(listAction);
  for (const act of ['disable', 'enable'] as const) {
    withDataOption(user.command(act))
      .argument('<name>')
      .description(`${act} an account; its keys ${act === 'disable' ? 'stop' : 'start'} working at once`)
      .action((name: string, options: DataOptions) => setActive(name, options, act === 'enable'));
  }
  withDataOption(user.command('reset-password'))
    .argument('<name>')
    .option('--password-stdin', 'read the password from standard input')
    .description('set a new password; without --password-stdin one is generated and printed once')
    .action(resetAction);
  withDataOption(user.command('restrict'))
    .argument('<name>')
    .option('--models <globs>', 'comma list such as openai/*,!openai/o3*; `any` for all')
    .option('--addresses <ranges>', 'comma list of addresses or CIDR ranges, `!` denies; `any` for all')
    .description('which models all keys of an account may use, and from where; a deny always wins')
    .action(restrictAction);
}

async function restrictAction(
  name: string,
  options: DataOptions & { models?: string; addresses?: string },
): Promise<void> {
  if (options.models === undefined && options.addresses === undefined)
    throw new CommandFailed('say what to restrict: --models or --addresses', 2);
  await withStoreChange(options, async (context) => {
    const { id: userId } = await requireUser(context.store, name);
    const lists = { models: listOf(options.models), addresses: listOf(options.addresses) };
    await restrictUser(context, { userId, ...lists }, systemDoer('tollgate user restrict'));
  });
  console.error(`Restricted ${name}.`);
}

/** Undefined: as it is; null: all. */
function listOf(text: string | undefined): string[] | null | undefined {
  if (text === undefined) return undefined;
  if (text === 'any') return null;
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

interface PasswordOptions extends DataOptions {
  readonly passwordStdin?: true;
}

async function createAction(name: string, options: PasswordOptions & { role: string }): Promise<void> {
  const { role } = options;
  if (role !== 'admin' && role !== 'user') throw new CommandFailed(`--role is admin or user, not ${role}`, 2);
  const password = await choosePassword(options, name);
  await withStoreChange(options, async (context) => {
    const account = { username: name, password: password.text, role, isActive: true } as const;
    await createAccount(accountParts(context), { doer: DOER, account });
  });
  console.error(`Created ${role} ${name}.`);
  if (password.generated) console.log(`password: ${password.text}`);
}

async function listAction(options: DataOptions): Promise<void> {
  const users = await withStore(options, ({ store }) => listUsers(store.read));
  printTable(
    ['ID', 'NAME', 'ROLE', 'STATE', 'CREATED (UTC)', 'LAST SIGN-IN'],
    users.map((user) => [
      user.id,
      user.username,
      user.role,
      user.is_active ? 'active' : 'disabled',
      printTime(user.created_ms),
      printTime(user.last_login_ms),
    ]),
  );
}

async function setActive(name: string, options: DataOptions, active: boolean): Promise<void> {
  await withStoreChange(options, async (context) => {
    const { id: userId } = await requireUser(context.store, name);
    await setAccountActive(accountParts(context), { doer: DOER, userId, active });
  });
  console.error(`${active ? 'Enabled' : 'Disabled'} ${name}.`);
}

/** A command tells a running server of its change itself, so there is no index to reload. */
function accountParts({ store, clock }: CommandContext): AccountParts {
  const throttle = createSignInThrottle({ store, clock });
  return { store, clock, hasher: createPasswordHasher(), throttle, reloadKeys: async () => {} };
}

async function resetAction(name: string, options: PasswordOptions): Promise<void> {
  const password = await choosePassword(options, name);
  await withStoreChange(options, async (context) => {
    const { id: userId } = await requireUser(context.store, name);
    await resetAccountPassword(accountParts(context), { doer: DOER, userId, password: password.text });
  });
  console.error(`Set a new password for ${name}.`);
  if (password.generated) console.log(`password: ${password.text}`);
}

/** Throws CommandFailed that names the user who does not exist. */
export async function requireUser(store: Store, name: string): Promise<UserRow> {
  const user = await findUserByName(store.read, name);
  if (!user) throw new CommandFailed(`there is no user ${name}; tollgate user list shows all`);
  return user;
}

async function choosePassword(
  options: PasswordOptions,
  username: string,
): Promise<{ text: string; generated: boolean }> {
  if (!options.passwordStdin) return { text: randomToken(15), generated: true };
  const text = (await Bun.stdin.text()).replace(/\r?\n$/, '');
  const problem = passwordFault(text, { username, isCommon: isCommonPassword });
  if (problem) throw new CommandFailed(problem);
  return { text, generated: false };
}
