// The kill loop: the real server under mixed load is killed at random moments and started again, over and over, while a
// scripted upstream keeps its own tally. What comes out is judged by test/faults/kill-loop.test.ts.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/store/open-store.ts';
import type { UsageEventRow } from '../../src/store/usage-listing.ts';
import { type ScriptedAnswer, startScriptedUpstream, type UpstreamRequest } from './scripted-upstream.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { type CommandResult, runTollgate } from './spawn-tollgate.ts';

export interface Tally {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number;
  readonly streamed: boolean;
}

export interface KillLoopResult {
  /** Requests that reached the upstream, by number. */
  readonly tally: ReadonlyMap<number, Tally>;
  /** Requests whose whole answer reached its client. */
  readonly completed: ReadonlySet<number>;
  readonly rows: readonly UsageEventRow[];
  readonly readyMs: readonly number[];
  readonly verify: CommandResult;
  /** Names left in the journal's folder after the last, orderly end. */
  readonly journalLeft: readonly string[];
  readonly exitStatus: number;
}

const CLIENTS = 12;
const CHUNKS = 6;

/** `random` decides when each kill comes; the printed seed replays it. */
export async function runKillLoop(rounds: number, random: () => number): Promise<KillLoopResult> {
  const workDir = mkdtempSync(join(tmpdir(), 'tollgate-kill-'));
  const dataDir = join(workDir, 'data');
  const tally = new Map<number, Tally>();
  const upstream = await startScriptedUpstream((request) => answerOf(request, tally));
  const environment = { OPENAI_API_KEY: 'sk-scripted', OPENAI_API_BASE: `${upstream.url}/v1` };
  const completed = new Set<number>();
  const readyMs: number[] = [];
  const counter = { next: 1 };
  try {
    const key = await makeKey(workDir, dataDir);
    for (let round = 0; round < rounds; round++) {
      const server = await startServerProcess({ dataDir, workDir, environment });
      readyMs.push(server.readyMs);
      await loadUntilKilled(server, { key, completed, counter, runMs: 60 + random() * 340 });
    }
    const last = await startServerProcess({ dataDir, workDir, environment });
    readyMs.push(last.readyMs);
    const exitStatus = await last.end();
    const verify = await runTollgate(workDir, ['verify', '--data', dataDir]);
    const store = await openStore({ path: join(dataDir, 'tollgate.db'), mode: 'inline' });
    const rows = await store.read.selectFrom('usage_events').selectAll().execute();
    await store.close();
    const journalLeft = readdirSync(join(dataDir, 'journal')).filter((name) => name !== 'lock');
    return { tally, completed, rows, readyMs, verify, journalLeft, exitStatus };
  } finally {
    await upstream.stop();
    rmSync(workDir, { recursive: true, force: true });
  }
}

/** The number that a request carries all the way: in its text for the upstream, in its id for the ledger. */
export function requestIdOf(number: number): string {
  return `kill-${number}`;
}

async function makeKey(workDir: string, dataDir: string): Promise<string> {
  const data = ['--data', dataDir];
  const user = await runTollgate(workDir, ['user', 'create', 'ann', '--role', 'user', ...data]);
  if (user.exitCode !== 0) throw new Error(user.stderr);
  const key = await runTollgate(workDir, ['key', 'create', '--user', 'ann', '--name', 'kill', ...data]);
  return key.stdout.trim();
}

function answerOf(request: UpstreamRequest, tally: Map<number, Tally>): ScriptedAnswer {
  const number = Number(/kill-(\d+)/.exec(request.body)?.[1]);
  const streamed = request.json?.stream === true;
  const counts = {
    promptTokens: 100 + (number % 1009),
    completionTokens: 5 + (number % 97),
    cachedTokens: number % 50,
  };
  tally.set(number, { ...counts, streamed });
  const usage = {
    prompt_tokens: counts.promptTokens,
    completion_tokens: counts.completionTokens,
    total_tokens: counts.promptTokens + counts.completionTokens,
    prompt_tokens_details: { cached_tokens: counts.cachedTokens },
  };
  return streamed ? streamOf(number, usage) : wholeOf(number, usage);
}

function wholeOf(number: number, usage: object): ScriptedAnswer {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'done' }, finish_reason: 'stop' }];
  const body = { id: `chatcmpl-${number}`, object: 'chat.completion', model: 'gpt-5', choices, usage };
  return { before: [{ waitMs: number % 20 }], steps: [{ send: JSON.stringify(body) }] };
}

function streamOf(number: number, usage: object): ScriptedAnswer {
  const chunk = (more: object) => {
    const base = { id: `chatcmpl-${number}`, object: 'chat.completion.chunk', model: 'gpt-5' };
    return { send: `data: ${JSON.stringify({ ...base, ...more })}\n\n` };
  };
  const delta = (content: object, finish: string | null) => ({
    choices: [{ index: 0, delta: content, finish_reason: finish }],
    usage: null,
  });
  const words = Array.from({ length: CHUNKS }, (_, at) => [
    chunk(delta({ content: `word ${at} ` }, null)),
    { waitMs: 4 + (number % 12) },
  ]).flat();
  return {
    headers: { 'content-type': 'text/event-stream' },
    steps: [...words, chunk(delta({}, 'stop')), chunk({ choices: [], usage }), { send: 'data: [DONE]\n\n' }],
  };
}

interface Load {
  readonly key: string;
  readonly completed: Set<number>;
  readonly counter: { next: number };
  readonly runMs: number;
}

async function loadUntilKilled(server: ServerProcess, load: Load): Promise<void> {
  const state = { killed: false };
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!state.killed) {
      const number = load.counter.next++;
      if (await ask(server.url, load.key, number)) load.completed.add(number);
    }
  });
  await Bun.sleep(load.runMs);
  await server.kill();
  state.killed = true;
  await Promise.all(clients);
}

/** True when the whole answer arrived, to its last byte. */
async function ask(url: string, key: string, number: number): Promise<boolean> {
  const stream = number % 2 === 0;
  const body = { model: 'openai/gpt-5', stream, messages: [{ role: 'user', content: requestIdOf(number) }] };
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'x-request-id': requestIdOf(number),
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return response.ok && (stream ? text.includes('[DONE]') : text.endsWith('}'));
  } catch {
    return false;
  }
}
