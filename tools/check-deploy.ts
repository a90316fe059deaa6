// Runs the Dockerfile's steps in a scratch folder, where no image can be built: copies what COPY names (and .dockerignore
// lets through), runs the first stage's commands, starts the server as ENTRYPOINT and CMD say on a data folder of its own,
// asks the health check, ends it with STOPSIGNAL. Exit 1 and the reason when a step would fail in an image too.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dir, '..');
const READY_MS_MAX = 20_000;

interface Step {
  readonly word: string;
  readonly rest: string;
}

function readSteps(text: string): Step[] {
  const joined = text.replace(/^\s*#.*$/gm, '').replace(/\\\n\s*/g, ' ');
  return joined
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => ({ word: line.split(/\s/)[0] ?? '', rest: line.replace(/^\S+\s*/, '') }));
}

function fail(reason: string): never {
  console.error(`check-deploy: ${reason}`);
  process.exit(1);
}

function lint(steps: readonly Step[]): void {
  const find = (word: string) =>
    steps.findLast((step) => step.word === word)?.rest ?? fail(`the Dockerfile has no ${word}`);
  if (!/^\d+:\d+$/.test(find('USER')))
    fail('USER must be numeric, so that a cluster can see that it is not root');
  if (!find('ENTRYPOINT').startsWith('['))
    fail('ENTRYPOINT must be a list: a shell would keep signals to itself');
  if (!find('HEALTHCHECK').includes('/health/ready')) fail('HEALTHCHECK must ask /health/ready');
  if (steps.some((step) => step.word === 'ADD')) fail('ADD fetches and unpacks; use COPY');
}

/** What the first stage copies out of the repository. */
function copyInto(app: string, steps: readonly Step[]): void {
  const kept = readFileSync(join(ROOT, '.dockerignore'), 'utf8');
  for (const { rest } of steps.filter((step) => step.word === 'COPY' && !step.rest.startsWith('--from'))) {
    const names = rest.split(/\s+/);
    const goal = names.pop() ?? '';
    for (const name of names) {
      const plain = name.replace(/^\.\//, '');
      if (!existsSync(join(ROOT, plain))) fail(`COPY names ${plain}, which does not exist`);
      if (!kept.includes(`!${plain.split('/')[0]}`))
        fail(`COPY names ${plain}, which .dockerignore keeps out`);
      const isFolder = statSync(join(ROOT, plain)).isDirectory();
      cpSync(join(ROOT, plain), isFolder ? join(app, goal) : join(app, goal, basename(plain)), {
        recursive: true,
      });
    }
  }
}

function run(command: readonly string[], cwd: string): void {
  const done = Bun.spawnSync([...command], { cwd, stdout: 'inherit', stderr: 'inherit' });
  if (done.exitCode !== 0) fail(`${command.join(' ')} ended with ${done.exitCode}`);
}

/** The first stage's commands, in order; npm's own with what is already in its cache. */
function runCommands(app: string, steps: readonly Step[]): void {
  const stages = steps.flatMap(({ word }, at) => (word === 'FROM' ? [at] : []));
  for (const { word, rest } of steps.slice(0, stages[1])) {
    if (word === 'RUN') run(['sh', '-c', rest.startsWith('npm ') ? `${rest} --prefer-offline` : rest], app);
  }
}

async function serveOnce(app: string, data: string, steps: readonly Step[]): Promise<void> {
  const list = (word: string) =>
    JSON.parse(steps.findLast((step) => step.word === word)?.rest ?? '[]') as string[];
  const secret = () => crypto.randomUUID() + crypto.randomUUID();
  const command = [...list('ENTRYPOINT'), ...list('CMD')].map((part) => part.replace('/app', app));
  const child = Bun.spawn([...command, '--port', '0', '--host', '127.0.0.1'], {
    cwd: app,
    env: {
      PATH: process.env.PATH ?? '',
      APP_ENV: 'prod',
      DATA_DIR: data,
      API_TOKEN_PEPPER: secret(),
      SESSION_SECRET: secret(),
      MASTER_KEY: secret(),
    },
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS_MAX);
  let text = '';
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    if (/listening on \S+\n/.test(text)) break;
  }
  const port = /listening on \S+:(\d+)/.exec(text)?.[1] ?? fail('the server did not listen');
  const check =
    /CMD (\[.*\])$/.exec(steps.findLast((step) => step.word === 'HEALTHCHECK')?.rest ?? '')?.[1] ?? '[]';
  const asked = Bun.spawnSync(
    (JSON.parse(check) as string[]).map((part) => part.replace('/app', app)),
    {
      env: { PATH: process.env.PATH ?? '', PORT: port },
    },
  );
  if (asked.exitCode !== 0) fail(`the health check ended with ${asked.exitCode}`);
  const runs = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').split('\0');
  if (!runs.some((part) => part.endsWith('/dist/main.js')))
    fail(`what runs is not the built program: ${runs}`);
  child.kill('SIGTERM');
  const status = await child.exited;
  clearTimeout(timer);
  if (status !== 0) fail(`the server ended with ${status} on SIGTERM`);
}

const steps = readSteps(readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8'));
const scratch = mkdtempSync(join(tmpdir(), 'tollgate-image-'));
const app = join(scratch, 'app');
const data = join(scratch, 'data');
try {
  lint(steps);
  mkdirSync(app);
  mkdirSync(data, { mode: 0o700 });
  copyInto(app, steps);
  runCommands(app, steps);
  // As on a read-only root file system: whatever is written must go into the data folder.
  writeFileSync(join(app, '.read-only'), '');
  chmodSync(app, 0o555);
  await serveOnce(app, data, steps);
  if (!existsSync(join(data, 'tollgate.db'))) fail('the data did not go into the data folder');
  console.log('ok: every step of deploy/Dockerfile works, the health check passes, SIGTERM ends it with 0');
} finally {
  chmodSync(app, 0o755);
  rmSync(scratch, { recursive: true, force: true });
}
