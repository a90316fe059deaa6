// Guarantee (faults.md D5): whatever moment the server is killed at, every answer whose end reached its client has exactly
// one final event with the right numbers; nothing is there twice; what was cut is `unknown`, never zero.
import { beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { availableParallelism, loadavg } from 'node:os';
import { type KillLoopResult, requestIdOf, runKillLoop } from '../support/kill-loop.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 10);
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);
const READY_MS_MAX = 2_000;

setDefaultTimeout(60_000 + ROUNDS * 10_000);

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe(`${ROUNDS} kills, seed ${SEED}`, () => {
  let result: KillLoopResult;
  beforeAll(async () => {
    result = await runKillLoop(ROUNDS, seeded(SEED));
    const { completed, rows, readyMs, tally } = result;
    const sorted = [...readyMs].sort((a, b) => a - b);
    const orphans = rows.filter((row) => row.outcome === 'unknown').length;
    console.log(
      `kill loop: seed ${SEED}, ${ROUNDS} kills, ${tally.size} requests upstream, ${completed.size} completed, ` +
        `${rows.length} events, ${orphans} unknown; ready in ${Math.round(sorted[sorted.length >> 1] ?? 0)} ms (median), ` +
        `${Math.round(sorted.at(-1) ?? 0)} ms (slowest)`,
    );
  });

  test('the load was real: answers completed, and some requests were cut in the middle', () => {
    expect(result.completed.size).toBeGreaterThan(ROUNDS * 5);
    expect(result.rows.filter((row) => row.outcome === 'unknown').length).toBeGreaterThan(0);
  });

  test('every completed answer has exactly one final event with the upstream’s own numbers', () => {
    const byRequest = Map.groupBy(result.rows, (row) => row.request_id);
    const wrong: string[] = [];
    for (const number of result.completed) {
      const rows = byRequest.get(requestIdOf(number)) ?? [];
      const told = result.tally.get(number);
      const [row] = rows;
      const right =
        rows.length === 1 &&
        row?.outcome === 'final' &&
        row.provenance === 'provider' &&
        row.status === 200 &&
        row.prompt_tokens === told?.promptTokens &&
        row.completion_tokens === told?.completionTokens &&
        row.cached_tokens === told?.cachedTokens &&
        row.cost_nano_usd !== null;
      if (!right) wrong.push(`${requestIdOf(number)}: ${JSON.stringify(rows)}`);
    }
    expect(wrong).toEqual([]);
  });

  test('no request has two events, and every streamed one that went upstream has one', () => {
    const ids = result.rows.map((row) => row.request_id);
    expect(new Set(ids).size).toBe(ids.length);
    const known = new Set(ids);
    const lost = [...result.tally].filter(
      ([number, { streamed }]) => streamed && !known.has(requestIdOf(number)),
    );
    expect(lost).toEqual([]);
  });

  test('what was cut is unknown, not zero, and no numbers are invented', () => {
    for (const row of result.rows) {
      const told = result.tally.get(Number(row.request_id.slice('kill-'.length)));
      if (row.outcome === 'final') expect(row.prompt_tokens).toBe(told?.promptTokens ?? -1);
      else if (row.outcome === 'unknown') {
        expect([row.provenance, row.prompt_tokens, row.cost_nano_usd]).toEqual(['unknown', null, null]);
      }
    }
  });

  test('verify passes, the journal is empty after an orderly end, nothing was set aside', () => {
    expect(result.verify).toEqual({
      exitCode: 0,
      stdout: 'ok: every counter equals its rows\n',
      stderr: '',
    });
    expect(result.exitStatus).toBe(0);
    expect(result.journalLeft).toEqual([]);
  });

  test(`a restart takes less than ${READY_MS_MAX} ms`, () => {
    // The median, and in step with other work: on a machine with more work than processors every start waits its turn.
    const crowding = Math.max(1, (loadavg()[0] ?? 1) / availableParallelism());
    const sorted = [...result.readyMs].sort((a, b) => a - b);
    expect(sorted[sorted.length >> 1]).toBeLessThan(READY_MS_MAX * crowding);
  });
});
