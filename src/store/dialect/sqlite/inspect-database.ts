// Looks at a database file without changing it: is it whole, and which schema has it?
import { existsSync } from 'node:fs';
import { MIGRATIONS } from '../../migrations/index.ts';
import { checkDatabase, openDatabase } from './open-database.ts';

export interface DatabaseVerdict {
  readonly kind: 'absent' | 'current' | 'older' | 'newer';
  readonly schemaNumber: number;
  readonly knownNumber: number;
}

/** Throws StoreRefused, with the mend in its message, when the file is damaged or cannot be read. */
export function inspectDatabase(path: string): DatabaseVerdict {
  const knownNumber = MIGRATIONS.length;
  if (!existsSync(path)) return { kind: 'absent', schemaNumber: 0, knownNumber };
  const db = openDatabase({ path });
  try {
    checkDatabase(db, path);
    const tables = db.query("SELECT name FROM sqlite_master WHERE name = 'migrations'").all();
    if (tables.length === 0) return { kind: 'older', schemaNumber: 0, knownNumber };
    const { number } = db.query('SELECT coalesce(max(number), 0) AS number FROM migrations').get() as {
      number: number;
    };
    const kind = number > knownNumber ? 'newer' : number < knownNumber ? 'older' : 'current';
    return { kind, schemaNumber: number, knownNumber };
  } finally {
    db.close();
  }
}
