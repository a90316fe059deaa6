// `backup FILE` and `restore FILE`: a consistent copy while serving, and the way back.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createDataDir } from '../config/secrets.ts';
import { systemClock } from '../lib/clock.ts';
import { BackupRefused } from '../services/backup/backup-refused.ts';
import { makeBackup } from '../services/backup/make-backup.ts';
import { restoreBackup } from '../services/backup/restore-backup.ts';
import { configOf, withDataOption } from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { isServerRunning } from './control-socket.ts';

interface DataOption {
  readonly data?: string;
}

export function addBackupCommands(program: Command): void {
  withDataOption(program.command('backup <file>'))
    .description('write a consistent copy of the data into a new file; a running server goes on')
    .action(backup);
  withDataOption(program.command('restore <file>'))
    .description('put a backup in place; the server must be stopped')
    .action(restore);
}

async function backup(file: string, options: DataOption): Promise<void> {
  const { dataDir, databasePath, secrets } = configOf(options);
  const request = { dataDir, databasePath, pepper: secrets.pepper, file: resolve(file), clock: systemClock };
  const { fromJournal } = await refusable(() => makeBackup(request));
  console.log(`wrote ${file} (${fromJournal} events out of the journal)`);
  console.log(
    `Keep the secrets apart from it: the settings API_TOKEN_PEPPER, SESSION_SECRET and MASTER_KEY, or ${dataDir}/secrets.json.`,
  );
}

async function restore(file: string, options: DataOption): Promise<void> {
  const { dataDir, databasePath, secrets } = configOf(options);
  if (await isServerRunning(dataDir)) {
    throw new CommandFailed(`a server is running on ${dataDir}; stop it first, nothing was changed`);
  }
  createDataDir(dataDir);
  const request = { dataDir, databasePath, pepper: secrets.pepper, file: resolve(file), clock: systemClock };
  const report = await refusable(async () => restoreBackup(request));
  console.log(`restored the backup of ${new Date(report.madeMs).toISOString()} to ${databasePath}`);
  if (report.movedTo) console.log(`what was there before is in ${report.movedTo}`);
  console.log(
    'All people have to sign in again. Keys that were revoked after the backup work again: revoke them.',
  );
  if (!report.pepperFits) {
    console.error(
      `warning: the secrets here are not those of the backup, so none of its API keys works. Put its secrets into the settings or into ${dataDir}/secrets.json.`,
    );
  }
}

async function refusable<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof BackupRefused) throw new CommandFailed(error.message);
    throw error;
  }
}
