// Guarantee: secrets that cannot be written say why and what to do, leave no half file behind and never touch what is kept;
// only what is forbidden is called forbidden.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load-config.ts';
import { keepMasterKey } from '../../src/config/secrets.ts';
import { problemsOf } from '../support/config-problems.ts';

let workDir = '';
let data = '';
let path = '';
beforeEach(() => {
  workDir = mkdtempSync(join(tmpdir(), 'tollgate-secrets-'));
  data = join(workDir, 'data');
  path = join(data, 'secrets.json');
});
afterEach(() => rmSync(workDir, { recursive: true, force: true }));

const start = () => loadConfig({ workDir, environment: { DATA_DIR: data } }).secrets;

/** What is written to the new file meets a device that is always full. */
function fillUp(): void {
  mkdirSync(data, { recursive: true });
  symlinkSync('/dev/full', `${path}.new`);
}

test('a full disk at the first start is named, nothing is left behind, and the next start works', () => {
  fillUp();
  expect(problemsOf(start)).toEqual([
    `${path}: cannot be written, the disk is full; nothing was lost: make room, or choose another folder with --data`,
  ]);
  expect(readdirSync(data)).toEqual([]);
  expect(start()).toEqual(JSON.parse(readFileSync(path, 'utf8')));
});

test('a full disk at a rotation is named, and the secrets stay as they were', () => {
  start();
  const before = readFileSync(path, 'utf8');
  fillUp();
  expect(problemsOf(() => keepMasterKey(data, 'n'.repeat(40)))).toEqual([
    `${path}: cannot be written, the disk is full; nothing was lost: make room, then run this again with the same new MASTER_KEY`,
  ]);
  expect(readdirSync(data)).toEqual(['secrets.json']);
  expect(readFileSync(path, 'utf8')).toBe(before);
  expect(keepMasterKey(data, 'n'.repeat(40))).toBe(true);
  expect(readFileSync(path, 'utf8')).toContain('n'.repeat(40));
});

test('what is neither full nor forbidden is told in the words of the system', () => {
  symlinkSync(join(workDir, 'a-disk-that-is-not-mounted', 'data'), data);
  const [problem] = problemsOf(start);
  expect(problem).toStartWith(`${data}: cannot be created (E`);
  expect(problem).toEndWith(`'${data}'); mend that, or choose another folder with --data`);
  expect(problem).not.toContain('permission');
});
