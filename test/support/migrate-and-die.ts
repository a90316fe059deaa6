// Brings a database up to date and kills itself at the N-th statement: what a crash in the middle of a migration leaves.
import { Database } from 'bun:sqlite';
import { openStore } from '../../src/store/open-store.ts';

const [path = '', dieAt = '0'] = process.argv.slice(2);
const run = Database.prototype.run;
let count = 0;
Database.prototype.run = function (this: Database, ...args: Parameters<typeof run>) {
  count += 1;
  if (count === Number(dieAt)) process.kill(process.pid, 'SIGKILL');
  return run.apply(this, args);
} as typeof run;
const store = await openStore({ path, mode: 'inline' });
await store.close();
console.log(count);
