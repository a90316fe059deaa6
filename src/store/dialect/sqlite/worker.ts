// The thread that owns one SQLite connection, so that a busy or slow database never blocks the event loop
// that streams other people's answers (faults.md section 4). Speaks the messages of worker-connection.ts.

import type { QueryResult } from 'kysely';
import { runQuery } from './inline-connection.ts';
import { openDatabase, StoreRefused } from './open-database.ts';
import type { WorkerReply, WorkerRequest } from './worker-connection.ts';

declare const self: Worker;

let db: ReturnType<typeof openDatabase> | null = null;

self.onmessage = (event: MessageEvent<WorkerRequest>) => {
  const request = event.data;
  try {
    self.postMessage({ id: request.id, ok: true, result: handle(request) } satisfies WorkerReply);
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    const refused = error instanceof StoreRefused;
    self.postMessage({
      id: request.id,
      ok: false,
      message,
      code: code ?? null,
      refused,
    } satisfies WorkerReply);
  }
};

function handle(request: WorkerRequest): QueryResult<unknown> {
  if (request.kind === 'open') {
    db = openDatabase(request.options);
    return { rows: [] };
  }
  if (request.kind === 'close') {
    db?.close();
    db = null;
    return { rows: [] };
  }
  if (!db) throw new Error('the database is closed');
  return runQuery(db, request.sql, request.parameters);
}
