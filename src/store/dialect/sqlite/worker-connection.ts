// A Kysely connection whose SQLite lives on another thread. One connection per thread; queries run in order.
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { threadUrl } from '../../../lib/program-files.ts';
import { type OpenDatabaseOptions, StoreRefused } from './open-database.ts';

export type WorkerRequest =
  | { readonly id: number; readonly kind: 'open'; readonly options: OpenDatabaseOptions }
  | {
      readonly id: number;
      readonly kind: 'query';
      readonly sql: string;
      readonly parameters: readonly unknown[];
    }
  | { readonly id: number; readonly kind: 'close' };

export interface WorkerReply {
  readonly id: number;
  readonly ok: boolean;
  readonly result?: QueryResult<unknown>;
  readonly message?: string;
  readonly code?: string | null;
  /** The error was a StoreRefused, whose message is for people. */
  readonly refused?: boolean;
}

interface Pending {
  readonly resolve: (result: QueryResult<unknown>) => void;
  readonly reject: (error: Error) => void;
}

export class WorkerConnection implements DatabaseConnection {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.onmessage = (event: MessageEvent<WorkerReply>) => this.#settle(event.data);
    worker.onerror = (event) => this.#failAll(new Error(`the database thread failed: ${event.message}`));
  }

  static async open(options: OpenDatabaseOptions): Promise<WorkerConnection> {
    // A small heap: rows pass through it and nothing stays.
    const worker = new Worker(threadUrl('store/dialect/sqlite/worker'), { smol: true });
    const connection = new WorkerConnection(worker);
    await connection.#ask({ id: 0, kind: 'open', options });
    return connection;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result = await this.#ask({ id: 0, kind: 'query', sql: query.sql, parameters: query.parameters });
    return result as QueryResult<R>;
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for the method; readers page by key instead of streaming.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('page by key instead of streaming from a threaded connection');
  }

  async close(): Promise<void> {
    await this.#ask({ id: 0, kind: 'close' });
    this.#worker.terminate();
  }

  #ask(request: WorkerRequest): Promise<QueryResult<unknown>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id });
    });
  }

  #settle(reply: WorkerReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (!pending) return;
    if (reply.ok) pending.resolve(reply.result ?? { rows: [] });
    else pending.reject(errorOf(reply));
  }

  #failAll(error: Error): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

function errorOf({ message = 'database error', code, refused }: WorkerReply): Error {
  return refused ? new StoreRefused(message) : Object.assign(new Error(message), { code });
}
