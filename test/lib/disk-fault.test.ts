// Guarantee: only what the system calls full or forbidden is called so; for all else nothing is guessed.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DiskFault, diskFault } from '../../src/lib/disk-fault.ts';
import { fillDisk, mayMount, smallDiskOfTest, unmountAll } from '../support/small-disk.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-disk-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  unmountAll();
});

const failed = (code: string) => Object.assign(new Error('it failed'), { code });

const WORDS: readonly (readonly [code: string, says: DiskFault | null])[] = [
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['SQLITE_FULL', 'full'],
  ['EACCES', 'forbidden'],
  ['EPERM', 'forbidden'],
  ['EROFS', 'forbidden'],
  ['SQLITE_READONLY', 'forbidden'],
  ['SQLITE_READONLY_DIRECTORY', 'forbidden'],
  ['SQLITE_PERM', 'forbidden'],
  ['EIO', null],
  ['ENOTDIR', null],
  ['EMFILE', null],
  ['SQLITE_BUSY', null],
  ['SQLITE_CORRUPT', null],
  ['SQLITE_CANTOPEN', null],
  ['SQLITE_IOERR_SHMSIZE', null],
];

test.each(WORDS)('%s on a disk with room is %p', (code, says) => {
  expect(diskFault(failed(code), join(folder, 'file'))).toBe(says);
});

test('what is no error of a disk is none, wherever it happened', () => {
  for (const error of [new Error('ENOSPC'), 'ENOSPC', null, undefined, { code: 28 }])
    expect(diskFault(error, join(folder, 'file'))).toBeNull();
  expect(diskFault(failed('SQLITE_CANTOPEN'), join(folder, 'absent', 'file'))).toBeNull();
});

const UNTOLD = ['SQLITE_CANTOPEN', 'SQLITE_IOERR_SHMSIZE', 'SQLITE_IOERR_WRITE'];

test.skipIf(!mayMount)('what SQLite gives no cause for is a full disk where the disk is full', () => {
  const disk = smallDiskOfTest('size=1m');
  const path = join(disk, 'tollgate.db');
  for (const code of UNTOLD) expect([code, diskFault(failed(code), path)]).toEqual([code, null]);
  // Less than the 32 KiB that SQLite wants for the index of its write-ahead log.
  fillDisk(join(disk, 'ballast'), 28 * 1024);
  for (const code of UNTOLD) expect([code, diskFault(failed(code), path)]).toEqual([code, 'full']);
  expect(diskFault(failed('SQLITE_BUSY'), path)).toBeNull();
  // Nobody can tell which disk.
  expect(diskFault(failed('SQLITE_CANTOPEN'), null)).toBeNull();
  expect(diskFault(failed('SQLITE_FULL'), null)).toBe('full');
});

test.skipIf(!mayMount)('a disk that takes no further file is full, whatever room it has', () => {
  // Room for its own folder and nothing else.
  const disk = smallDiskOfTest('size=1m,nr_inodes=1');
  expect(diskFault(failed('SQLITE_CANTOPEN'), join(disk, 'tollgate.db'))).toBe('full');
});
