// A Kysely connection on this thread: for commands, migrations and tests. Servers use worker-connection.ts.
import type { Database } from 'bun:sqlite';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { callProcedure } from './procedures.ts';

export class InlineConnection implements DatabaseConnection {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return runQuery<R>(this.#db, query.sql, query.parameters);
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    const statement = this.#db.prepare(query.sql);
    for (const row of statement.iterate(...bindable(query.parameters))) yield { rows: [row as R] };
  }
}

/** Runs one statement, or one `CALL name(?)` of procedures.ts; rows for readers, counts for writers. Statements are cached by their text. */
export function runQuery<R>(db: Database, sql: string, parameters: readonly unknown[]): QueryResult<R> {
  if (sql.startsWith('CALL ')) return { rows: [callProcedure(db, sql, parameters) as R] };
  const statement = db.query(sql);
  if (statement.columnNames.length > 0) return { rows: statement.all(...bindable(parameters)) as R[] };
  const { changes, lastInsertRowid } = statement.run(...bindable(parameters));
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}

type Bindable = string | number | bigint | boolean | null | Uint8Array;

function bindable(parameters: readonly unknown[]): Bindable[] {
  return parameters.map((value) => (value === undefined ? null : (value as Bindable)));
}
