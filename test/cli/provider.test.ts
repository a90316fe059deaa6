// Guarantee: provider keys are managed by command without ever being shown; `config check` shows the table that holds;
// a wrong tollgate.yaml names path, value and what is allowed; SIGHUP with a wrong file changes nothing and says so.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonAnswer, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { runTollgate } from '../support/spawn-tollgate.ts';

const SECRET = 'sk-canary-provider-0123456789abcd';
let workDir = '';
let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream(({ headers }) =>
    headers.authorization === `Bearer ${SECRET}`
      ? jsonAnswer({ data: [] })
      : jsonAnswer({ error: { message: 'no such key' } }, 401),
  );
});
afterAll(() => upstream.stop());
beforeEach(() => {
  workDir = mkdtempSync(join(tmpdir(), 'tollgate-provider-'));
});
afterEach(() => rmSync(workDir, { recursive: true, force: true }));

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function run(
  args: string[],
  options: { env?: Record<string, string>; stdin?: string } = {},
): Promise<Ran> {
  const {
    exitCode: status,
    stdout: out,
    stderr: err,
  } = await runTollgate(workDir, args, { environment: options.env ?? {}, stdin: options.stdin ?? '' });
  expect(out + err).not.toContain(SECRET);
  return { status, out, err };
}

test('add, list, test, disable, enable, remove', async () => {
  const env = { OPENAI_API_BASE: `${upstream.url}/v1`, OPENAI_API_KEY: 'sk-wrong-key-abcdefghijkl' };
  const added = await run(['provider', 'add', 'openai', '--label', 'team key', '--priority', '1'], {
    env,
    stdin: `${SECRET}\n`,
  });
  expect(added).toMatchObject({ status: 0 });
  const id = added.out.trim();
  expect(id).toStartWith('crd_');
  const listed = await run(['provider', 'list'], { env });
  expect(listed.out).toMatch(/openai +crd_\w+ +OPENAI_API_KEY +sk-…ijkl +environment +- +on/);
  expect(listed.out).toMatch(/openai +crd_\w+ +team key +sk-…abcd +store +1 +on/);
  const tested = await run(['provider', 'test'], { env });
  expect(tested.status).toBe(1);
  expect(tested.out).toContain(`${id} team key: works 200`);
  expect(tested.out).toContain('OPENAI_API_KEY: refused 401 no such key');
  expect((await run(['provider', 'test', id], { env })).status).toBe(0);
  expect((await run(['provider', 'disable', id], { env })).status).toBe(0);
  expect((await run(['provider', 'list'], { env })).out).toMatch(/team key .* disabled/);
  expect((await run(['provider', 'enable', id], { env })).status).toBe(0);
  expect((await run(['provider', 'remove', id], { env })).status).toBe(0);
  expect((await run(['provider', 'list'], { env })).out).not.toContain('team key');
  expect(await run(['provider', 'disable', 'crd_nobody'], { env })).toMatchObject({ status: 1 });
  expect(await run(['provider', 'add', 'openai', '--label', 'x'], { env })).toMatchObject({
    status: 2,
    err: 'tollgate: nothing came on standard input; send the provider key there\n',
  });
}, 60_000);

test('MASTER_KEY changes by command; afterwards only the new one opens', async () => {
  const env = { MASTER_KEY: 'a'.repeat(40) };
  expect((await run(['provider', 'add', 'openai', '--label', 'team'], { env, stdin: SECRET })).status).toBe(
    0,
  );
  const rotated = await run(['provider', 'rotate-master-key'], { env, stdin: 'b'.repeat(40) });
  expect(rotated).toMatchObject({ status: 0, err: expect.stringContaining('1 key sealed anew') });
  expect((await run(['provider', 'list'], { env })).err).toContain('another MASTER_KEY');
  expect((await run(['provider', 'list'], { env: { MASTER_KEY: 'b'.repeat(40) } })).out).toContain('team');
  expect((await run(['provider', 'rotate-master-key'], { env, stdin: 'short' })).status).toBe(1);
}, 60_000);

test('a MASTER_KEY that was generated is replaced where it is kept', async () => {
  expect((await run(['provider', 'add', 'groq', '--label', 'team'], { stdin: SECRET })).status).toBe(0);
  expect((await run(['provider', 'rotate-master-key'], { stdin: 'c'.repeat(40) })).status).toBe(0);
  expect(readFileSync(join(workDir, 'data/secrets.json'), 'utf8')).toContain('c'.repeat(40));
  expect((await run(['provider', 'list'])).out).toContain('team');
}, 60_000);

test('config check shows the table that holds, masked', async () => {
  writeFileSync(
    join(workDir, 'tollgate.yaml'),
    `providers:\n  house:\n    base_url: http://10.1.2.3:9000/v1\n    api_keys: ["${SECRET}"]\n    rotation: sequential\n`,
  );
  const checked = await run(['config', 'check'], {
    env: { ANTHROPIC_API_KEY: 'sk-ant-abcdefghijklmnopqrst' },
  });
  expect(checked.status).toBe(0);
  expect(checked.out).toContain('anthropic: anthropic, https://api.anthropic.com, balanced');
  expect(checked.out).toContain('ANTHROPIC_API_KEY  sk-…qrst');
  expect(checked.out).toContain('house: openai, http://10.1.2.3:9000/v1, sequential, custom');
  expect(checked.out).toContain('sk-…abcd');
}, 30_000);

test.each([
  ['a misspelt name', 'providers:\n  openai:\n    api_kyes: [x]\n', ['providers.openai', 'api_kyes']],
  [
    'a wrong word',
    'providers:\n  openai:\n    rotation: random\n',
    ['providers.openai.rotation', '"random"', 'balanced', 'sequential'],
  ],
  [
    'a wrong URL',
    'providers:\n  house:\n    base_url: ftp://host/v1\n',
    ['providers.house', 'base_url', 'ftp://host/v1', 'https://'],
  ],
  ['an alias that leads nowhere', 'aliases:\n  fast: gpt\n', ['aliases.fast', '"gpt"', 'provider/model']],
])(
  'a wrong tollgate.yaml names path, value and what is allowed: %s',
  async (_, yaml, named) => {
    writeFileSync(join(workDir, 'tollgate.yaml'), yaml);
    const checked = await run(['config', 'check']);
    expect(checked.status).toBe(1);
    for (const each of named) expect(checked.err).toContain(each);
  },
  30_000,
);

test('SIGHUP takes a good file; a wrong one changes nothing and says so', async () => {
  const file = join(workDir, 'tollgate.yaml');
  const house = (rotation: string) =>
    `providers:\n  house:\n    base_url: ${upstream.url}/v1\n    api_keys: ["${SECRET}"]\n    rotation: ${rotation}\naliases:\n  ${rotation}: house/m\n`;
  writeFileSync(file, house('balanced'));
  const server = Bun.spawn([join(import.meta.dir, '../../bin/tollgate'), 'serve', '--port', '0'], {
    cwd: workDir,
    env: { PATH: process.env.PATH ?? '', PROXY_API_KEY: 'master-key-for-this-test-0123456789' },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let said = '';
  const listen = (stream: ReadableStream<Uint8Array>) =>
    (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) said += decoder.decode(chunk);
    })();
  const ears = [listen(server.stdout), listen(server.stderr)];
  const until = async (check: () => boolean | Promise<boolean>) => {
    for (let i = 0; i < 400; i++) {
      if (await check()) return;
      await Bun.sleep(50);
    }
    throw new Error(`waited in vain; said: ${said}`);
  };
  try {
    await until(() => /listening on (\S+)/.test(said));
    const url = /listening on (\S+)/.exec(said)?.[1] ?? '';
    // A model that is known reaches the provider, whose answer has no choices; one that is not known is 404 at once.
    const known = async (model: string) => {
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: 'Bearer master-key-for-this-test-0123456789',
          'content-type': 'application/json',
        },
        body: JSON.stringify({ model, messages: [] }),
      });
      await answer.text();
      return answer.status === 200;
    };
    expect([await known('balanced'), await known('sequential')]).toEqual([true, false]);
    writeFileSync(file, house('sequential'));
    server.kill('SIGHUP');
    await until(() => known('sequential'));
    writeFileSync(file, house('random'));
    server.kill('SIGHUP');
    await until(() => said.includes('the old one stays'));
    expect(said).toContain('providers.house.rotation');
    expect([await known('sequential'), await known('random')]).toEqual([true, false]);
    expect(said).not.toContain(SECRET);
  } finally {
    server.kill('SIGTERM');
    await server.exited;
    await Promise.all(ears);
  }
}, 60_000);
