// Work that is one round trip to the database's thread although it is many statements, named like SQL's own CALL.
// The connection is held for the whole call, so nothing else runs inside its transaction.
import type { Database } from 'bun:sqlite';
import { insertJournal, type JournalStretch } from './insert-journal.ts';
import { insertUsage } from './insert-usage.ts';
import { type PruneBite, pruneUsage } from './prune-usage.ts';

type Procedure = (db: Database, argument: unknown) => unknown;

const PROCEDURES: Readonly<Record<string, Procedure>> = {
  insert_usage: (db, argument) => insertUsage(db, argument as Uint8Array),
  insert_journal: (db, argument) => insertJournal(db, argument as JournalStretch),
  prune_usage: (db, argument) => pruneUsage(db, argument as PruneBite),
};

/** `sql` is `CALL name(?)`; answers the procedure's one result. */
export function callProcedure(db: Database, sql: string, parameters: readonly unknown[]): unknown {
  const name = /^CALL (\w+)\(\?\)$/.exec(sql)?.[1] ?? '';
  const procedure = PROCEDURES[name];
  if (!procedure) throw new Error(`no procedure for ${sql}`);
  return procedure(db, parameters[0]);
}
