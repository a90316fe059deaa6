// Moves a house over from the predecessor: users, API keys, usage. Reads its file and never writes to it; may be run
// again at any time and then takes only what is new.
import { createHash } from 'node:crypto';
import { systemDoer } from '../../core/principal.ts';
import type { UsageEvent } from '../../core/usage-event.ts';
import type { Clock } from '../../lib/clock.ts';
import { readImportMark, writeImportMark } from '../../store/imports.ts';
import type { Store } from '../../store/open-store.ts';
import { insertUsageEvents } from '../../store/usage-events.ts';
import { recordAudit } from '../record-audit.ts';
import { importPeople } from './import-people.ts';
import { createReport, type ImportReport, type ReportWriter } from './import-report.ts';
import { ImportRefused, openPredecessorFile, type PredecessorFile } from './predecessor-file.ts';
import { toUsageEvent, type UsageOwners } from './predecessor-rows.ts';

export const IMPORT_SOURCE = 'llm-api-key-proxy';
/** One transaction each: small enough that a running server never waits long for the write lock. */
const USAGE_BATCH = 500;

export interface ImportJob {
  readonly store: Store;
  readonly clock: Clock;
  /** The predecessor's database file. */
  readonly path: string;
  /** Where the private copy of that file is put while it is read. */
  readonly workDir: string;
  readonly dryRun: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Throws ImportRefused, with what to do, when the file cannot be taken over. */
export async function importPredecessor(job: ImportJob): Promise<ImportReport> {
  const file = openPredecessorFile(job.path, job.workDir);
  try {
    const report = createReport(job.dryRun);
    const fingerprint = fingerprintOf(file);
    const mark = await readImportMark(job.store.read, IMPORT_SOURCE);
    if (mark && mark.fingerprint !== fingerprint) {
      throw new ImportRefused(
        `another database of the predecessor was imported before. One Tollgate takes over one; use a second data folder`,
      );
    }
    const people = { file, report, nowMs: job.clock.nowMs(), write: !job.dryRun };
    const owners = await importPeople(job.store.write, people);
    await importUsage(job, { file, report, owners, fingerprint, afterId: mark?.usageId ?? 0 });
    addNotes(report);
    const done = report.finish();
    if (!job.dryRun) await recordImport(job, done);
    return done;
  } finally {
    file.close();
  }
}

interface UsageImport {
  readonly file: PredecessorFile;
  readonly report: ReportWriter;
  readonly owners: UsageOwners;
  readonly fingerprint: string;
  readonly afterId: number;
}

async function importUsage(job: ImportJob, facts: UsageImport): Promise<void> {
  const { file, report, owners, fingerprint } = facts;
  const total = file.usageCount(facts.afterId);
  report.already('usage', file.usageCount(0) - total);
  let afterId = facts.afterId;
  let done = 0;
  job.onProgress?.(0, total);
  // Also for a file without usage: the next run must know which database the users came from.
  const mark = (usageId: number) => markAt(job, { fingerprint, usageId });
  await mark(afterId);
  for (;;) {
    const rows = file.usage(afterId, USAGE_BATCH);
    const last = rows.at(-1);
    if (!last) break;
    const events: UsageEvent[] = [];
    for (const row of rows) {
      const event = toUsageEvent(row, owners);
      if (typeof event === 'string') report.skip('usage', row.id, event);
      else events.push(event);
    }
    await storeBatch(job, { events, report });
    afterId = last.id;
    done += rows.length;
    await mark(afterId);
    job.onProgress?.(done, total);
  }
}

async function markAt(
  job: ImportJob,
  mark: { readonly fingerprint: string; readonly usageId: number },
): Promise<void> {
  if (job.dryRun) return;
  const nowMs = job.clock.nowMs();
  await writeImportMark(job.store.write, { source: IMPORT_SOURCE, ...mark, nowMs });
}

async function storeBatch(
  job: ImportJob,
  batch: { readonly events: readonly UsageEvent[]; readonly report: ReportWriter },
): Promise<void> {
  const { events, report } = batch;
  if (job.dryRun) return report.taken('usage', events.length);
  const { inserted, repeated, rejected } = await insertUsageEvents(job.store, events);
  report.taken('usage', inserted);
  report.already('usage', repeated);
  for (const { index, reason } of rejected) {
    const number = Number(events[index]?.id.replace(/\D/g, '') ?? 0);
    report.skip('usage', number, reason);
  }
}

/** Users of the predecessor are never renamed nor deleted, so its first one tells two databases apart. */
function fingerprintOf(file: PredecessorFile): string {
  const first = file.users()[0];
  const text = first ? `${first.id}|${first.username}|${first.created_at}` : 'empty';
  return createHash('sha256').update(text).digest('hex');
}

function addNotes(report: ReportWriter): void {
  const { keys, usage } = report.finish();
  if (keys.taken > 0) {
    report.note(
      "the keys work while API_TOKEN_PEPPER, or API_TOKEN_PEPPER_PREVIOUS, is the predecessor's API_TOKEN_PEPPER",
    );
  }
  if (usage.taken > 0) {
    report.note(
      'imported usage is marked `imported`: its times are flush times, its statuses may hide failures, it has no cost',
    );
  }
}

async function recordImport(job: ImportJob, report: ImportReport): Promise<void> {
  const { users, keys, usage } = report;
  await recordAudit(job.store.write, {
    nowMs: job.clock.nowMs(),
    doer: systemDoer('import'),
    action: 'import',
    target: { kind: 'import', id: null, name: IMPORT_SOURCE },
    after: { users: users.taken, keys: keys.taken, usage: usage.taken },
  });
}
