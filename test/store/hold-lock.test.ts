// Guarantee: a folder is held by one process at a time, and whoever cannot hold it hears why: only a lock that another
// process holds is called held.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdLock } from '../../src/store/dialect/sqlite/hold-lock.ts';
import { StoreRefused } from '../../src/store/dialect/sqlite/open-database.ts';
import { fillDisk, mayMount, smallDiskOfTest, unmountAll } from '../support/small-disk.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  unmountAll();
});

function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof StoreRefused) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('a second holder is refused until the first lets go', () => {
  const first = holdLock(path);
  expect(refusalOf(() => holdLock(path))).toBe(
    `${path} is held by another Tollgate. Stop it first, or start this one with another --data folder.`,
  );
  first.release();
  holdLock(path).release();
});

test('a lock that cannot be opened says so', () => {
  expect(refusalOf(() => holdLock(join(folder, 'absent', 'lock')))).toBe(
    `${join(folder, 'absent', 'lock')} cannot be opened (unable to open database file). Check that the folder exists and who owns it.`,
  );
  mkdirSync(path);
  expect(refusalOf(() => holdLock(path))).toStartWith(`${path} cannot be opened`);
});

test('a lock of other bytes says so, and that it may go', () => {
  writeFileSync(path, 'this is no lock, and long enough to be read as one'.repeat(100));
  expect(refusalOf(() => holdLock(path))).toBe(
    `${path} is damaged (file is not a database). It holds no data: remove it, then try again.`,
  );
  rmSync(path);
  holdLock(path).release();
});

test.skipIf(!mayMount)('a lock on a full disk says so, and can be held once there is room', () => {
  const disk = smallDiskOfTest('size=1m');
  const full = join(disk, 'lock');
  fillDisk(join(disk, 'ballast'));
  expect(refusalOf(() => holdLock(full))).toBe(
    `${full}: the disk is full, and nothing was lost. Make room, then try again.`,
  );
  rmSync(join(disk, 'ballast'));
  holdLock(full).release();
});

test.skipIf(!mayMount)('so does one on a disk that takes no further file', () => {
  // Room for its own folder and nothing else.
  const full = join(smallDiskOfTest('size=1m,nr_inodes=1'), 'lock');
  expect(refusalOf(() => holdLock(full))).toBe(
    `${full}: the disk is full, and nothing was lost. Make room, then try again.`,
  );
});
