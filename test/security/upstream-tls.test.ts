// T35: a provider whose certificate is expired, self-signed or for another name gets no key and no prompt.
// The runtime reads its authorities once at its start, so the calls are made by a process of their own.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';

const CERTIFICATES = join(import.meta.dir, '../support/certificates');
const BUN = join(import.meta.dir, '../../bin/bun');
const CALLER = join(import.meta.dir, '../support/call-over-tls.ts');
const servers: Bun.Server<undefined>[] = [];
const seen: string[] = [];
const ports: Record<string, number> = {};

beforeAll(() => {
  for (const name of ['good', 'expired', 'self-signed']) {
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      development: false,
      tls: {
        key: Bun.file(join(CERTIFICATES, `${name}.key`)),
        cert: Bun.file(join(CERTIFICATES, `${name}.pem`)),
      },
      fetch: (request) => {
        seen.push(`${name} ${request.headers.get('host')} ${request.headers.get('authorization')}`);
        return Response.json({ ok: true });
      },
    });
    ports[name] = server.port ?? 0;
    servers.push(server);
  }
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop(true)));
});

async function call(
  server: string,
  host: string,
): Promise<{ kind: string; failure?: string; sent?: boolean }> {
  const child = Bun.spawn([BUN, CALLER, `https://${host}:${ports[server]}/v1`], {
    env: { PATH: process.env.PATH ?? '', NODE_EXTRA_CA_CERTS: join(CERTIFICATES, 'authority.pem') },
    stderr: 'inherit',
  });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return JSON.parse(text);
}

test('T35: a good certificate for the right name is accepted at the pinned address', async () => {
  expect(await call('good', 'provider.test')).toMatchObject({ kind: 'answer' });
  expect(seen).toEqual([`good provider.test:${ports.good} Bearer sk-canary-tls`]);
});

for (const [what, server, host] of [
  ['expired', 'expired', 'provider.test'],
  ['self-signed', 'self-signed', 'provider.test'],
  ['for another name', 'good', 'other.test'],
] as const) {
  test(`T35: a certificate that is ${what} is refused and nothing is sent`, async () => {
    const before = seen.length;
    expect(await call(server, host)).toMatchObject({ kind: 'failure', failure: 'tls', sent: false });
    expect(seen.length).toBe(before);
  });
}
