// Parses the command line and runs one command. Exit status: 0 done, 1 failed, 2 wrong usage.
// Errors go to stderr and say what to do next.
import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { ConfigError } from '../config/config-error.ts';
import { AppError } from '../errors/app-error.ts';
import { diskFault } from '../lib/disk-fault.ts';
import { errorCode } from '../lib/error-code.ts';
import { StoreRefused } from '../store/dialect/sqlite/open-database.ts';
import { CommandFailed } from './command-failed.ts';
import { addCommands } from './commands.ts';

export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    const program = await buildProgram(args[0]);
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    return report(error);
  }
}

async function buildProgram(word: string | undefined): Promise<Command> {
  const program = new Command('tollgate')
    .description('One endpoint for every model; every user known, every token accounted for.')
    .version(`${manifest.version} on Bun ${Bun.version}`, '-V, --version', 'print the version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for usage)');
  await addCommands(program, word);
  for (const command of everyCommand(program)) command.exitOverride();
  return program;
}

function everyCommand(command: Command): Command[] {
  return command.commands.flatMap((child) => [child as Command, ...everyCommand(child as Command)]);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError) {
    console.error(`tollgate: the configuration cannot be used:\n${bullets(error.problems)}`);
    return 1;
  }
  if (error instanceof CommandFailed || error instanceof StoreRefused || error instanceof AppError) {
    console.error(`tollgate: ${error.message}`);
    return error instanceof CommandFailed ? error.exitCode : 1;
  }
  const refused = refusedByDisk(error);
  if (refused === null) console.error('tollgate: this should not have happened:', error);
  else console.error(`tollgate: ${refused}`);
  return 1;
}

/** What nobody on the way had better words for. Null for every error that is not of a file. */
function refusedByDisk(error: unknown): string | null {
  const { path, dest, message } = (error ?? {}) as { path?: string; dest?: string; message?: string };
  const place = dest ?? path ?? null;
  const fault = diskFault(error, place);
  if (fault === 'full')
    return `${place === null ? '' : `${place}: `}the disk is full. Make room, then try again.`;
  // Without a place it may be an address or a port that is forbidden.
  if (fault === null || (place === null && !errorCode(error)?.startsWith('SQLITE_'))) return null;
  return `${message}. Give this user permission on the file and its folder.`;
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `  - ${line}`).join('\n');
}
