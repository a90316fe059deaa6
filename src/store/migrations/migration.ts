// What a migration is.

export interface Migration {
  /** Position in the list, from 1; never changes once released. */
  readonly number: number;
  readonly name: string;
  /** Portable SQL statements, run in order. */
  readonly statements: readonly string[];
  /** What only SQLite needs or says in its own words, run after the others. */
  readonly sqliteStatements?: readonly string[];
}
