// `verify`: proves that every counter equals the rows it counts. Names each difference; exit 1 on any.
import type { Command } from 'commander';
import { verifyUsage } from '../store/usage-verify.ts';
import { withDataOption, withStore } from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { printable } from './print-table.ts';
import { createProgressBar, type ProgressBar } from './progress-bar.ts';

export function addVerifyCommand(program: Command): void {
  withDataOption(program.command('verify'))
    .description('count the usage ledger again and compare; a running server may go on')
    .action(verifyAction);
}

async function verifyAction(options: { data?: string }): Promise<void> {
  const differences = await withStore(options, ({ store }) => {
    let bar: ProgressBar | null = null;
    const onProgress = (done: number, total: number) => {
      bar ??= createProgressBar('verify', total);
      bar.update(done);
      if (done === total) bar.finish();
    };
    return verifyUsage(store.read, process.stderr.isTTY ? { onProgress } : {});
  });
  for (const difference of differences) console.log(printable(difference));
  if (differences.length > 0) {
    throw new CommandFailed(
      `${differences.length} differences. Keep a copy of the data folder, then restore a backup or report this.`,
    );
  }
  console.log('ok: every counter equals its rows');
}
