// The journal's files by name: which there are, in order, and how large.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Segment {
  readonly number: number;
  readonly path: string;
  /** Bytes that hold whole records; grows only for the current segment. */
  size: number;
}

export function segmentName(number: number): string {
  return `${String(number).padStart(10, '0')}.log`;
}

/** Oldest first. */
export function findSegments(folder: string): Segment[] {
  return readdirSync(folder)
    .filter((name) => /^\d{10}\.log$/.test(name))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      return { number: Number.parseInt(name, 10), path, size: statSync(path).size };
    });
}
