// Guarantee: a budget holds through SIGKILL in the middle of streams. What the provider may have billed for requests
// that died counts with what was reserved for them; nothing is handed out again, and nothing stays reserved.
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chargedNanoUsd } from '../../src/core/usage-event.ts';
import { asArray, asObject } from '../../src/lib/json.ts';
import { openStore } from '../../src/store/open-store.ts';
import { chatStream, startScriptedUpstream, streamAnswer } from '../support/scripted-upstream.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { runTollgate } from '../support/spawn-tollgate.ts';

const USAGE = { prompt_tokens: 1_600, completion_tokens: 50 };
/** At $1 and $2 a million tokens. */
const COST = 1_600 * 1_000 + 50 * 2_000;
const BUDGET = 50 * COST;
const KILLS = 3;

test('P2: three kills in mid-stream: the provider never bills more than the budget', async () => {
  const workDir = mkdtempSync(join(tmpdir(), 'tollgate-budget-'));
  const data = ['--data', join(workDir, 'data')];
  // Slow enough that a kill finds most of them under way.
  const upstream = await startScriptedUpstream(() =>
    streamAnswer(chatStream(['a', 'b'], USAGE), { gapMs: 60 }),
  );
  writeFileSync(join(workDir, 'tollgate.yaml'), 'prices: { "scripted/*": { input: 1, output: 2 } }\n');
  const environment = { SCRIPTED_API_KEY: 'sk-scripted', SCRIPTED_API_BASE: `${upstream.url}/v1` };
  const start = () => startServerProcess({ dataDir: join(workDir, 'data'), workDir, environment });
  try {
    const run = async (...args: string[]) => {
      const result = await runTollgate(workDir, [...args, ...data]);
      expect([args[0], result.exitCode, result.stderr.includes('tollgate:')]).toEqual([args[0], 0, false]);
      return result.stdout.trim();
    };
    await run('user', 'create', 'ann');
    const key = await run('key', 'create', '--user', 'ann', '--name', 'k');
    await run('limit', 'set', '--user', 'ann', '--budget', String(BUDGET / 1e9), '--per', 'forever');

    for (let round = 0; round < KILLS; round++) {
      const server = await start();
      const before = upstream.requests.length;
      const clients = Array.from({ length: 12 }, () => ask(server, key));
      while (upstream.requests.length < before + 8) await Bun.sleep(5);
      await Bun.sleep(40 * round);
      await server.kill();
      await Promise.all(clients);
    }

    const server = await start();
    const afterKills = await budgetOf(server, key);
    expect(afterKills.reserved).toBe(0);
    // Every request that reached the provider is paid for: settled ones with their cost, dead ones with what was held.
    expect(Number(afterKills.used)).toBeGreaterThanOrEqual(upstream.requests.length * COST);
    let status = 200;
    while (status === 200) status = await ask(server, key);
    expect(status).toBe(429);
    expect(upstream.requests.length * COST).toBeLessThanOrEqual(BUDGET);
    // Nor is budget lost beyond what was held: after the kills it still paid for more.
    expect(upstream.requests.length).toBeGreaterThan(KILLS * 12);
    const end = await budgetOf(server, key);
    expect(end.reserved).toBe(0);
    expect(await server.end()).toBe(0);

    const store = await openStore({ path: join(workDir, 'data', 'tollgate.db'), mode: 'inline' });
    const rows = await store.read.selectFrom('usage_events').selectAll().execute();
    await store.close();
    const charged = rows.map((row) =>
      chargedNanoUsd({ costNanoUsd: row.cost_nano_usd, heldNanoUsd: row.held_nano_usd }),
    );
    expect(charged.reduce((sum, each) => sum + each, 0)).toBe(Number(end.used));
    // One that died between its mark and the wire has a row as well: nobody can know that it was not billed.
    expect(rows.length).toBeGreaterThanOrEqual(upstream.requests.length);
    expect(rows.length).toBeLessThanOrEqual(50);
    expect(rows.filter(({ outcome }) => outcome === 'unknown').length).toBeGreaterThan(8);
    expect(await run('limit', 'list')).toContain(
      `$${(Number(end.used) / 1e9).toFixed(9).replace(/0+$/, '')}`,
    );
  } finally {
    await upstream.stop();
    rmSync(workDir, { recursive: true, force: true });
  }
}, 60_000);

/** The status, or 0 when the connection broke. */
async function ask(server: ServerProcess, key: string): Promise<number> {
  try {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({
        model: 'scripted/any',
        stream: true,
        max_tokens: 50,
        messages: [{ role: 'user', content: 'hello' }],
      }),
    });
    await response.text();
    return response.status;
  } catch {
    return 0;
  }
}

async function budgetOf(server: ServerProcess, key: string) {
  const response = await fetch(`${server.url}/v1/usage/me`, { headers: { 'x-api-key': key } });
  return asObject(asArray(asObject(await response.json())?.limits)?.[0]) ?? {};
}
