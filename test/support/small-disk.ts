// A disk that can be filled to its last byte: a small tmpfs of the test's own. Only who may mount has one.
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Tests of a full disk are skipped where this user may not mount. Tried once, and nothing stays mounted. */
export const mayMount = tryToMount();

/** Its folder; `options` are those of tmpfs. Mount within a test or a hook: a file whose tests are filtered out runs neither. */
export function mountSmallDisk(options = 'size=6m'): string {
  const dir = mkdtempSync(join(tmpdir(), 'tollgate-tmpfs-'));
  if (Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', dir], { stderr: 'ignore' }).success)
    return dir;
  rmSync(dir, { recursive: true });
  throw new Error('this user may not mount');
}

const mounted: string[] = [];

/** As mountSmallDisk, until `unmountAll` at the end of the test. */
export function smallDiskOfTest(options: string): string {
  const dir = mountSmallDisk(options);
  mounted.push(dir);
  return dir;
}

export function unmountAll(): void {
  for (const dir of mounted.splice(0)) unmount(dir);
}

export function unmount(dir: string): void {
  Bun.spawnSync(['umount', '-l', dir]);
  rmSync(dir, { recursive: true, force: true });
}

/** Takes every byte but `leaveBytes`, in ever smaller pieces; `path` holds them and can be removed. */
export function fillDisk(path: string, leaveBytes = 0): void {
  for (const size of [1 << 20, 1 << 16, 1 << 12, 1]) {
    try {
      while (true) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Full for pieces of this size.
    }
  }
  if (leaveBytes > 0) truncateSync(path, statSync(path).size - leaveBytes);
}

function tryToMount(): boolean {
  try {
    unmount(mountSmallDisk());
    return true;
  } catch {
    return false;
  }
}
