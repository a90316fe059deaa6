// Guarantee: a server that cannot start says why in one line and ends, with nothing of it left running.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen } from '../../src/cli/listen.ts';
import { runTollgate } from '../support/spawn-tollgate.ts';

let workDir: string;
let taken: ReturnType<typeof Bun.serve>;

beforeAll(() => {
  workDir = mkdtempSync(join(tmpdir(), 'tollgate-listen-'));
  taken = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('mine') });
});

afterAll(async () => {
  await taken.stop(true);
  rmSync(workDir, { recursive: true, force: true });
});

const serve = (...args: string[]) =>
  runTollgate(workDir, ['serve', '--data', join(workDir, 'data'), ...args]);

test('a port that is in use', async () => {
  const { exitCode, stderr, stdout } = await serve('--port', String(taken.port));
  expect(stderr).toBe(
    `tollgate: port ${taken.port} on 127.0.0.1 is in use. Stop what listens there, or choose another with --port.\n`,
  );
  expect([exitCode, stdout]).toEqual([1, '']);
}, 10_000);

test('an address of another machine', async () => {
  const { exitCode, stderr } = await serve('--port', '0', '--host', '192.0.2.1');
  expect(stderr).toBe(
    'tollgate: 192.0.2.1 is no address of this machine. Give one that is with --host: 127.0.0.1 for programs on this machine, 0.0.0.0 for all.\n',
  );
  expect(exitCode).toBe(1);
}, 10_000);

test('a name that leads nowhere', async () => {
  const { exitCode, stderr } = await serve('--port', '0', '--host', 'no-such-host.invalid');
  expect(stderr).toMatch(
    /^tollgate: cannot listen on no-such-host\.invalid, port 0 \(.+\)\. Give an address of this machine with --host\.\n$/,
  );
  expect(exitCode).toBe(1);
}, 10_000);

// Who runs the tests may be root, to whom every port is free.
test('a port that is not for this user', () => {
  const refused = () => {
    throw Object.assign(new Error('permission denied 127.0.0.1:81'), { code: 'EACCES' });
  };
  expect(() => listen({ hostname: '127.0.0.1', port: 81 }, refused)).toThrow(
    'this user may not listen on port 81. Choose one above 1023 with --port.',
  );
});

test('a data folder below a file', async () => {
  writeFileSync(join(workDir, 'file'), '');
  const { exitCode, stderr } = await runTollgate(workDir, ['serve', '--data', join(workDir, 'file/data')]);
  expect(stderr).toContain(`${join(workDir, 'file/data')}: cannot be created`);
  expect(stderr).not.toContain('this should not have happened');
  expect(exitCode).toBe(1);
}, 10_000);
