// Opens the predecessor's database (LLM-API-Key-Proxy, SQLite in WAL mode) without ever touching it: the file and its
// write-ahead log are copied into a private folder and read there. Knows the tables it needs and says what is missing.
import { Database } from 'bun:sqlite';
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { diskFault } from '../../lib/disk-fault.ts';

export class ImportRefused extends Error {
  override readonly name = 'ImportRefused';
}

export interface PredecessorUser {
  readonly id: number;
  readonly username: string;
  readonly password_hash: string;
  readonly role: string;
  readonly is_active: number;
  readonly created_at: string;
  readonly last_login_at: string | null;
}

export interface PredecessorKey {
  readonly id: number;
  readonly user_id: number;
  readonly name: string;
  readonly token_prefix: string;
  readonly token_hash: string;
  readonly created_at: string;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
  readonly expires_at: string | null;
}

export interface PredecessorUsage {
  readonly id: number;
  readonly timestamp: string;
  readonly user_id: number | null;
  readonly api_key_id: number | null;
  readonly endpoint: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly request_id: string;
  readonly status_code: number;
  readonly prompt_tokens: number | null;
  readonly completion_tokens: number | null;
  readonly total_tokens: number | null;
  readonly cost_usd: number | null;
  readonly error_type: string | null;
  readonly error_message: string | null;
}

export interface PredecessorFile {
  readonly users: () => PredecessorUser[];
  readonly keys: () => PredecessorKey[];
  readonly usageCount: (afterId: number) => number;
  /** Up to `limit` rows with ids above `afterId`, in order of id. */
  readonly usage: (afterId: number, limit: number) => PredecessorUsage[];
  readonly close: () => void;
}

const COLUMNS = {
  users: ['id', 'username', 'password_hash', 'role', 'is_active', 'created_at', 'last_login_at'],
  api_keys: [
    'id',
    'user_id',
    'name',
    'token_prefix',
    'token_hash',
    'created_at',
    'last_used_at',
    'revoked_at',
    'expires_at',
  ],
  usage_events: [
    'id',
    'timestamp',
    'user_id',
    'api_key_id',
    'endpoint',
    'provider',
    'model',
    'request_id',
    'status_code',
    'prompt_tokens',
    'completion_tokens',
    'total_tokens',
    'cost_usd',
    'error_type',
    'error_message',
  ],
} as const;

/** `workDir` is ours and private. Throws ImportRefused, with what to do, when the file cannot be taken over. */
export function openPredecessorFile(path: string, workDir: string): PredecessorFile {
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new ImportRefused(`${path} is not a file. Give the predecessor's database, usually data/proxy.db`);
  }
  const folder = mkdtempSync(join(workDir, 'import-'));
  let db: Database | null = null;
  try {
    db = new Database(copyStill(path, folder));
    checkTables(db, path);
    return reader(db, folder);
  } catch (error) {
    const full = diskFault(error, join(folder, 'proxy.db')) === 'full';
    db?.close();
    rmSync(folder, { recursive: true, force: true });
    if (error instanceof ImportRefused) throw error;
    if (full) {
      throw new ImportRefused(
        `${workDir}: the disk is full, and nothing was taken. ${path} is copied there to be read: make room for it, then import again`,
        { cause: error },
      );
    }
    throw new ImportRefused(`${path} cannot be read as a database: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Copies the database and its log. A file that changes meanwhile would give a torn copy. */
function copyStill(path: string, folder: string): string {
  const files = [path, `${path}-wal`].filter((each) => existsSync(each));
  const before = files.map(stamp);
  const copy = join(folder, 'proxy.db');
  for (const file of files) copyFileSync(file, file === path ? copy : `${copy}-wal`);
  if (files.map(stamp).join() !== before.join()) {
    throw new ImportRefused(
      `${path} changed while it was read. Stop the predecessor first, then import again`,
    );
  }
  return copy;
}

function stamp(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `${size}:${mtimeMs}`;
}

function checkTables(db: Database, path: string): void {
  for (const [table, columns] of Object.entries(COLUMNS)) {
    const found = (
      db.query(`SELECT name FROM pragma_table_info('${table}')`).all() as { name: string }[]
    ).map((row) => row.name);
    const missing = columns.filter((column) => !found.includes(column));
    if (found.length === 0 || missing.length > 0) {
      const what = found.length === 0 ? `table ${table}` : `column ${table}.${missing[0]}`;
      throw new ImportRefused(
        `${path} lacks the ${what}: it is not a database of LLM-API-Key-Proxy with users`,
      );
    }
  }
}

function reader(db: Database, folder: string): PredecessorFile {
  const all = (table: keyof typeof COLUMNS) => `SELECT ${COLUMNS[table].join(', ')} FROM ${table}`;
  const usage = db.prepare(`${all('usage_events')} WHERE id > ? ORDER BY id LIMIT ?`);
  const count = db.prepare('SELECT count(*) AS count FROM usage_events WHERE id > ?');
  return {
    users: () => db.query(`${all('users')} ORDER BY id`).all() as PredecessorUser[],
    keys: () => db.query(`${all('api_keys')} ORDER BY id`).all() as PredecessorKey[],
    usageCount: (afterId) => (count.get(afterId) as { count: number }).count,
    usage: (afterId, limit) => usage.all(afterId, limit) as PredecessorUsage[],
    close: () => {
      usage.finalize();
      count.finalize();
      db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
