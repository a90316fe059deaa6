// The doctor's look at the data folder: modes, room, what the journal set aside. Changes nothing.
import { accessSync, constants, existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../../lib/error-code.ts';
import { type Finding, fault, note, ok } from './finding.ts';

/** Below this a busy day of journal no longer fits. */
const FREE_BYTES_MIN = 512 * 1024 * 1024;
/** Each stream needs two descriptors; fewer than this serve about 500 streams. */
const DESCRIPTORS_MIN = 1_024;

export function checkFiles(dataDir: string): Finding[] {
  if (!existsSync(dataDir))
    return [note('data folder', `${dataDir} is not there yet`, 'the first start creates it')];
  return [
    checkFolder(dataDir),
    ...checkModes(dataDir),
    checkRoom(dataDir),
    checkSetAside(dataDir),
    checkDescriptors(),
  ];
}

function checkFolder(dataDir: string): Finding {
  if (!statSync(dataDir).isDirectory())
    return fault('data folder', `${dataDir} is no folder`, 'choose another with --data');
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (errorCode(error) === 'EROFS')
      return fault(
        'data folder',
        `${dataDir} lies on a disk that is mounted read-only`,
        'mount it for writing, or choose another with --data',
      );
    return fault(
      'data folder',
      `${dataDir} cannot be written by this user`,
      `run: chown -R $(id -u) ${dataDir}`,
    );
  }
  return ok('data folder', dataDir);
}

function checkModes(dataDir: string): Finding[] {
  const faults: Finding[] = [];
  for (const name of ['', 'secrets.json', 'tollgate.db', 'journal']) {
    const path = join(dataDir, name);
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    if (mode === undefined) continue;
    const closed = name === '' ? 0o700 : name === 'journal' ? 0o700 : 0o600;
    // In a closed folder the modes of what lies in it do not matter, but secrets get copied about.
    const matters = name === '' || name === 'secrets.json' || (statSync(dataDir).mode & 0o077) !== 0;
    if (matters && (mode & 0o077) !== 0) {
      faults.push(
        fault(
          'file modes',
          `${path} is open to others (${(mode & 0o777).toString(8)})`,
          `run: chmod ${closed.toString(8)} ${path}`,
        ),
      );
    }
  }
  return faults.length > 0 ? faults : [ok('file modes', 'the data folder is closed to others')];
}

function checkRoom(dataDir: string): Finding {
  const { bavail, bsize } = statfsSync(dataDir);
  const free = bavail * bsize;
  const text = `${Math.round(free / 1024 / 1024)} MiB free`;
  return free < FREE_BYTES_MIN
    ? fault('disk', text, 'make room, or lower USAGE_RETENTION_DAYS and run: tollgate usage prune')
    : ok('disk', text);
}

function checkSetAside(dataDir: string): Finding {
  const folder = join(dataDir, 'journal', 'set-aside');
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files.length === 0
    ? ok('journal', 'nothing was set aside')
    : fault(
        'journal',
        `${files.length} damaged files were set aside in ${folder}`,
        'check the disk, keep a copy of them, and remove them once you know why',
      );
}

function checkDescriptors(): Finding {
  const limits = existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'utf8') : '';
  const soft = Number(/Max open files\s+(\d+)/.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return soft < DESCRIPTORS_MIN
    ? note(
        'open files',
        `this user may open ${soft} files`,
        'raise it: ulimit -n 65536, or LimitNOFILE in the service unit',
      )
    : ok('open files', Number.isFinite(soft) ? `${soft} allowed` : 'no limit known');
}
