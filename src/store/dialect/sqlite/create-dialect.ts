// Kysely's dialect over bun:sqlite: one writer connection and, in threaded mode, one reader beside it.
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

interface ClosableConnection {
  readonly connection: DatabaseConnection;
  readonly close: () => Promise<void>;
}

/** `open` is called once, on first use. Transactions are BEGIN IMMEDIATE: a deferred one may fail when it turns into a write. */
export function createSqliteDialect(open: () => Promise<ClosableConnection>): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SingleConnectionDriver(open),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** Hands out its one connection to one user at a time; the others wait in order. */
class SingleConnectionDriver implements Driver {
  readonly #open: () => Promise<ClosableConnection>;
  #opened: ClosableConnection | null = null;
  #busy = false;
  readonly #waiting: (() => void)[] = [];

  constructor(open: () => Promise<ClosableConnection>) {
    this.#open = open;
  }

  async init(): Promise<void> {
    this.#opened = await this.#open();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#busy) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#busy = true;
    if (!this.#opened) throw new Error('the database is closed');
    return this.#opened.connection;
  }

  async releaseConnection(): Promise<void> {
    const next = this.#waiting.shift();
    if (next) return next();
    this.#busy = false;
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('BEGIN IMMEDIATE'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('COMMIT'));
  }

  /** A full disk makes SQLite end the transaction itself: the caller must hear of that, and not that none is left to end. */
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await connection.executeQuery(CompiledQuery.raw('ROLLBACK'));
    } catch (error) {
      if (!/no transaction is active/.test(String(error))) throw error;
    }
  }

  async destroy(): Promise<void> {
    await this.#opened?.close();
    this.#opened = null;
  }
}
