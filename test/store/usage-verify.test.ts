// Guarantee: verify finds nothing in a sound ledger and names every tampered counter, row and attempt.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { csvCell } from '../../src/core/csv.ts';
import { NO_USAGE } from '../../src/core/token-usage.ts';
import { applyRetention } from '../../src/services/apply-retention.ts';
import { exportUsage } from '../../src/services/export-usage.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { EVENT_COLUMNS } from '../../src/store/usage-row.ts';
import { verifyUsage } from '../../src/store/usage-verify.ts';
import { attemptRecord, loneEvent, usageEvent } from '../support/usage-events.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 23, 12);

let dir: string;
let store: Store;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tollgate-verify-'));
  store = await openStore({ path: join(dir, 'tollgate.db'), mode: 'inline' });
  const events = Array.from({ length: 300 }, (_, at) =>
    (at % 2 === 0 ? loneEvent : usageEvent)({
      timeMs: NOW - at * 3_600_000,
      userId: at % 7 === 0 ? null : `usr_${at % 3}`,
      keyId: at % 7 === 0 ? null : `key_${at % 5}`,
      tags: at % 4 === 0 ? ['red', 'red', 'blue'] : [],
      ...(at % 11 === 0
        ? {
            attempts: [attemptRecord({ usage: NO_USAGE, costNanoUsd: null, provenance: 'unknown' })],
            usage: NO_USAGE,
            costNanoUsd: null,
            provenance: 'unknown' as const,
            outcome: 'unknown' as const,
            heldNanoUsd: 500,
            heldTokens: 50,
          }
        : {}),
    }),
  );
  await insertUsageEvents(store, events);
});

afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('verify', () => {
  test('a sound ledger has no differences, before and after a prune', async () => {
    expect(await verifyUsage(store.read)).toEqual([]);
    const clock = { nowMs: () => NOW, monotonicMs: () => 0 };
    const { deleted } = await applyRetention({ store, clock, retentionDays: 5 });
    expect(deleted).toBeGreaterThan(100);
    expect(await verifyUsage(store.read)).toEqual([]);
    // Months are judged by the days, which are kept: a month whose rows are gone is not beyond the judge.
    await sql`UPDATE usage_months SET cost_nano_usd = cost_nano_usd + 1`.execute(store.write);
    expect((await verifyUsage(store.read)).length).toBeGreaterThan(0);
    const left = await store.read.selectFrom('usage_events').select('time_ms').execute();
    for (const { time_ms } of left) expect(time_ms).toBeGreaterThanOrEqual(NOW - 5 * DAY - DAY / 2);
  });

  test('takes as long as there are counters, not their square: a year has 35,000 quarters of an hour', async () => {
    const spread = Array.from({ length: 8_000 }, (_, at) => loneEvent({ timeMs: NOW - at * 4 * 900_000 }));
    await insertUsageEvents(store, spread);
    const startedMs = performance.now();
    expect(await verifyUsage(store.read)).toEqual([]);
    // Joined the slow way it took thirteen seconds; this way it takes less than one.
    expect(performance.now() - startedMs).toBeLessThan(8_000);
  }, 60_000);

  const TAMPERING: readonly (readonly [string, string, RegExp])[] = [
    [
      'a counter',
      "UPDATE usage_slots SET cost_nano_usd = cost_nano_usd + 1 WHERE scope_id = (SELECT id FROM usage_scopes WHERE kind = 'all') AND bucket_ms = (SELECT max(bucket_ms) FROM usage_slots)",
      /usage_slots, all .*cost_nano_usd is .* the rows say/,
    ],
    [
      "a user's share",
      "UPDATE usage_days SET requests = 0 WHERE scope_id = (SELECT id FROM usage_scopes WHERE kind = 'user_model' AND owner = 'usr_1')",
      /usage_days, user_model 'openai\/gpt-5' of usr_1, .*requests is 0/,
    ],
    [
      'a missing counter',
      "DELETE FROM usage_days WHERE scope_id = (SELECT id FROM usage_scopes WHERE kind = 'tag' AND value = 'red')",
      /usage_days, tag 'red'.*: requests is 0, the rows say/,
    ],
    [
      'a missing row',
      'DELETE FROM usage_events WHERE id = (SELECT min(id) FROM usage_events)',
      /usage_slots, all .*requests is 1, the rows say 0/,
    ],
    [
      'a forged row',
      'UPDATE usage_events SET prompt_tokens = 1000 WHERE id = (SELECT max(id) FROM usage_events)',
      /prompt_tokens is 10, the rows say 1000/,
    ],
    [
      'a forged attempt',
      'UPDATE usage_attempt_rows SET completion_tokens = 9 WHERE id = (SELECT max(id) FROM usage_attempt_rows)',
      /usage_events, req_.*: completion_tokens is 5, its attempts say 9/,
    ],
    [
      'a lost attempt',
      'DELETE FROM usage_attempt_rows WHERE id = (SELECT max(id) FROM usage_attempt_rows)',
      /attempts is 1, its attempts say 0/,
    ],
    [
      'an attempt told twice',
      'UPDATE usage_events SET attempt_started_ms = 1 WHERE id = (SELECT max(event_id) FROM usage_attempt_rows)',
      /attempts is 1, its attempts say 2/,
    ],
    [
      'a row that lost its attempt',
      'UPDATE usage_events SET attempt_started_ms = NULL WHERE attempt_started_ms IS NOT NULL',
      /attempts is 1, its attempts say 0/,
    ],
    [
      "a month's counter",
      "UPDATE usage_months SET requests = requests + 1 WHERE scope_id = (SELECT id FROM usage_scopes WHERE kind = 'key_model' AND owner = 'key_2')",
      /usage_months, key_model 'openai\/gpt-5' of key_2, .*requests is \d+, the days say/,
    ],
    [
      'a missing month',
      "DELETE FROM usage_months WHERE scope_id = (SELECT id FROM usage_scopes WHERE kind = 'all')",
      /usage_months, all .*: requests is 0, the days say/,
    ],
    [
      'a month without days',
      'INSERT INTO usage_months SELECT scope_id, 0, requests, failed, prompt_tokens, completion_tokens, cached_tokens, cache_write_tokens, reasoning_tokens, cost_nano_usd, held_nano_usd, held_tokens, unpriced, estimated, unknown, attempts, duration_ms FROM usage_months LIMIT 1',
      /usage_months, .*1970-01-01.*the days say 0/,
    ],
    [
      'what budgets hold',
      "UPDATE usage_days SET held_nano_usd = 0 WHERE scope_id = (SELECT id FROM usage_scopes WHERE kind = 'all')",
      /held_nano_usd is 0, the rows say/,
    ],
  ];
  for (const [what, statement, told] of TAMPERING) {
    test(`names ${what} that was tampered with`, async () => {
      await sql.raw(statement).execute(store.write);
      const differences = await verifyUsage(store.read);
      expect(differences.length).toBeGreaterThan(0);
      expect(differences.join('\n')).toMatch(told);
    });
  }
});

describe('export', () => {
  test('holds every row once, oldest first, as CSV and as NDJSON', async () => {
    for (const format of ['csv', 'ndjson'] as const) {
      let text = '';
      for await (const chunk of exportUsage(store, { format, filter: {} })) text += chunk.text;
      const lines = text
        .trimEnd()
        .split('\n')
        .slice(format === 'csv' ? 1 : 0);
      expect(lines.length).toBe(300);
      const times = lines.map((line) =>
        format === 'csv' ? Number(line.split(',')[1]) : JSON.parse(line).time_ms,
      );
      expect(times).toEqual([...times].sort((a, b) => a - b));
      if (format === 'ndjson') expect(Object.keys(JSON.parse(lines[0] ?? ''))).toEqual([...EVENT_COLUMNS]);
    }
  });

  test('filters, and pages over rows of one and the same time', async () => {
    await insertUsageEvents(
      store,
      Array.from({ length: 2_500 }, () => usageEvent({ userId: 'usr_same', timeMs: NOW })),
    );
    const ids = new Set<string>();
    let rows = 0;
    for await (const chunk of exportUsage(store, { format: 'ndjson', filter: { userId: 'usr_same' } })) {
      for (const line of chunk.text.trimEnd().split('\n')) ids.add(JSON.parse(line).id);
      rows += chunk.rows;
    }
    expect([rows, ids.size]).toEqual([2_500, 2_500]);
  });

  test('no cell runs as a formula or breaks its row', () => {
    expect(csvCell('=HYPERLINK("http://x")')).toBe(`"'=HYPERLINK(""http://x"")"`);
    expect(csvCell('a\nb')).toBe('"a\nb"');
    expect(csvCell(null)).toBe('');
    expect(csvCell(-5)).toBe('-5');
  });
});
