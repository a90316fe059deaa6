// What an upgrade does to a database that another process writes to: the product's own migration, with one more at its end
// that builds an index over all rows of usage. Started with the database's path; prints the milliseconds it took.
import { openDatabase } from '../../src/store/dialect/sqlite/open-database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import type { Migration } from '../../src/store/migrations/migration.ts';

const INDEX: Migration = {
  number: MIGRATIONS.length + 1,
  name: 'bench-index',
  statements: ['CREATE INDEX bench_index ON usage_events (model_served, time_ms)'],
};

const path = process.argv[2] ?? '';
const db = openDatabase({ path });
(MIGRATIONS as Migration[]).push(INDEX);
const started = performance.now();
await migrate(db, path);
console.log(performance.now() - started);
db.close();
