// Guarantee: what holds of connections to providers on http holds of those on https, certificates included. In a process of
// its own, since the runtime reads the authorities that it trusts once at its start.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { HTTPS_ENVIRONMENT } from '../../support/on-https.ts';

const BUN = join(import.meta.dir, '../../../bin/bun');

test.each(['connection-pool.test.ts', 'dial.https.ts', 'node-server.https.ts'])(
  '%s',
  async (file) => {
    const child = Bun.spawn([BUN, 'test', join(import.meta.dir, file)], {
      env: { PATH: process.env.PATH ?? '', ...HTTPS_ENVIRONMENT },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [report, status] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    expect([status, report]).toEqual([0, expect.stringMatching(/^ *[1-9]\d* pass\n *0 fail$/m)]);
  },
  60_000,
);
