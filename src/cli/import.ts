// `import llm-api-key-proxy PATH`: moves a house over from the predecessor. Safe to repeat; `--dry-run` only tells.
import type { Command } from 'commander';
import { importPredecessor } from '../services/import/import-predecessor.ts';
import type { ImportReport, ImportTally } from '../services/import/import-report.ts';
import { ImportRefused } from '../services/import/predecessor-file.ts';
import { type CommandContext, withDataOption, withStore, withStoreChange } from './command-context.ts';
import { CommandFailed } from './command-failed.ts';
import { printable, printTable } from './print-table.ts';
import { createProgressBar, type ProgressBar } from './progress-bar.ts';

interface ImportOptions {
  readonly data?: string;
  readonly dryRun?: true;
}

export function addImportCommand(program: Command): void {
  const command = program.command('import').description("take over another program's users, keys and usage");
  withDataOption(command.command('llm-api-key-proxy'))
    .argument('<path>', 'its database file, usually data/proxy.db; stop it first')
    .option('--dry-run', 'tell what would be taken and write nothing')
    .description('users with their passwords, API keys, usage; may be run again')
    .action(importAction);
}

async function importAction(path: string, options: ImportOptions): Promise<void> {
  const dryRun = options.dryRun === true;
  const act = (context: CommandContext) => run(context, { path, dryRun });
  const report = dryRun ? await withStore(options, act) : await withStoreChange(options, act);
  printReport(report);
}

async function run(
  { store, clock, config }: CommandContext,
  job: { readonly path: string; readonly dryRun: boolean },
): Promise<ImportReport> {
  let bar: ProgressBar | null = null;
  const onProgress = (done: number, total: number) => {
    bar ??= createProgressBar('usage events', total);
    bar.update(done);
    if (done === total) bar.finish();
  };
  try {
    return await importPredecessor({ store, clock, workDir: config.dataDir, onProgress, ...job });
  } catch (error) {
    if (error instanceof ImportRefused) throw new CommandFailed(error.message);
    throw error;
  }
}

function printReport(report: ImportReport): void {
  const row = (name: string, { taken, already, skipped }: ImportTally) => [
    name,
    String(taken),
    String(already),
    String(skipped),
  ];
  printTable(
    ['', report.dryRun ? 'WOULD TAKE' : 'TAKEN', 'HERE ALREADY', 'SKIPPED'],
    [row('users', report.users), row('API keys', report.keys), row('usage events', report.usage)],
  );
  for (const { kind, id, why } of report.skipped) console.log(`skipped: ${kind} ${id}: ${printable(why)}`);
  for (const note of report.notes) console.log(`note: ${printable(note)}`);
}
