// docs/security.md names a test for every guarantee and every fault row. A promise that no test holds is a wish: each
// file must exist and speak of its number.
import { expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const text = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
const rows = text.split('\n').filter((line) => line.startsWith('|'));

function filesOf(row: string): string[] {
  return [...row.matchAll(/`(test\/[^`]+\.ts)`/g)].map((match) => match[1] ?? '');
}

function speaksOf(file: string, number: string): boolean {
  return (
    existsSync(join(ROOT, file)) && new RegExp(`\\b${number}\\b`).test(readFileSync(join(ROOT, file), 'utf8'))
  );
}

test('T1 to T42 each have a row, and each file named there exists and speaks of its number', () => {
  for (let number = 1; number <= 42; number++) {
    const row = rows.find((line) => new RegExp(`^\\| T${number}( ●)? \\|`).test(line)) ?? '';
    const files = filesOf(row);
    expect([number, files.length > 0]).toEqual([number, true]);
    for (const file of files)
      expect([number, file, speaksOf(file, `T${number}`)]).toEqual([number, file, true]);
  }
});

test('every class of holes names a guarantee that has a row', () => {
  const classes = rows.filter((line) => /CVE-|changed under its name|record of retries/.test(line));
  expect(classes.length).toBeGreaterThan(15);
  for (const line of classes) expect(line.split('|')[2]).toMatch(/\b[TU]\d+\b/);
});

test('every fault row names a test that exists and speaks of it', () => {
  const faults = rows.filter((line) => /^\| [CDPU]\d/.test(line));
  const seen = new Set<string>();
  for (const line of faults) {
    const numbers = [...(line.split('|')[1] ?? '').matchAll(/[CDPU]\d+/g)].map((match) => match[0]);
    for (const number of numbers) {
      seen.add(number);
      for (const file of filesOf(line))
        expect([number, file, speaksOf(file, number)]).toEqual([number, file, true]);
    }
  }
  for (const number of [
    'C1',
    'C2',
    'C3',
    'C4',
    'C5',
    'C6',
    'D1',
    'D2',
    'D3',
    'D4',
    'D5',
    'D8',
    'D9',
    'P1',
    'P2',
    'P3',
    'P4',
    'P5',
    'P6',
    'P7',
  ])
    expect([number, seen.has(number)]).toEqual([number, true]);
});
