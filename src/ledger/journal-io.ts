// The file calls the journal makes, in one place, so that a test can let the N-th of them fail.
import { closeSync, fdatasync, ftruncateSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';

export interface JournalIo {
  readonly open: (path: string) => number;
  /** Answers how many bytes went in: fewer than asked means the disk is full. */
  readonly write: (fd: number, bytes: Buffer, length: number) => number;
  readonly truncate: (fd: number, length: number) => void;
  readonly sync: (fd: number, done: (error: Error | null) => void) => void;
  readonly close: (fd: number) => void;
  readonly unlink: (path: string) => void;
  readonly rename: (path: string, to: string) => void;
}

const OWNER_ONLY = 0o600;

export const journalIo: JournalIo = {
  open: (path) => openSync(path, 'ax', OWNER_ONLY),
  write: (fd, bytes, length) => writeSync(fd, bytes, 0, length),
  truncate: (fd, length) => ftruncateSync(fd, length),
  sync: (fd, done) => fdatasync(fd, done),
  close: (fd) => closeSync(fd),
  unlink: (path) => unlinkSync(path),
  rename: (path, to) => renameSync(path, to),
};
