// Guarantee: a month's counters are its days added up, from the migration on and through every way that rows come in;
// crossings and shares over months equal what adding up the rows by hand gives, before and after a prune.
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { dayStarts } from '../../src/core/time-zone.ts';
import type { UsageEvent } from '../../src/core/usage-event.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { usageTotals } from '../../src/store/usage-reading.ts';
import { pruneUsageBite } from '../../src/store/usage-retention.ts';
import { monthStartMs, PAIRS, pairOf } from '../../src/store/usage-scopes.ts';
import { usageAmounts, usageSeries } from '../../src/store/usage-series.ts';
import { usageCrossing, usageShares } from '../../src/store/usage-shares.ts';
import { SCOPE_KINDS, verifyUsage } from '../../src/store/usage-verify.ts';
import { undoLoneAttempts } from '../support/older-schema.ts';
import { attemptRecord, usageEvent, usageOf } from '../support/usage-events.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 20, 7);
const DAYS = 130;

let dir: string;
let path: string;
let store: Store;
let events: UsageEvent[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tollgate-months-'));
  path = join(dir, 'tollgate.db');
  store = await openStore({ path, mode: 'inline' });
  let seed = 11;
  const pick = (bound: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * bound);
  };
  events = Array.from({ length: 1_200 }, () => {
    const user = pick(4);
    const spent = { usage: usageOf(pick(500), pick(100)), costNanoUsd: pick(10_000) };
    const provider = pick(2) ? 'openai' : 'groq';
    return usageEvent({
      timeMs: START + pick(DAYS * 24 * 3600) * 1000,
      userId: user === 3 ? null : `usr_${user}`,
      keyId: user === 3 ? null : `key_${user}_${pick(2)}`,
      tags: pick(3) === 0 ? ['red', 'blue'] : [],
      ...spent,
      provider,
      attempts: [attemptRecord({ ...spent, model: `m${pick(3)}`, provider })],
    });
  });
  // Only on days that a range from early in February takes off its month again.
  events.push(
    usageEvent({ timeMs: Date.UTC(2026, 1, 2), userId: 'usr_brief', keyId: 'key_brief', tags: ['brief'] }),
  );
  for (let at = 0; at < events.length; at += 400) await insertUsageEvents(store, events.slice(at, at + 400));
});

afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const RANGES: readonly (readonly [string, number, number])[] = [
  ['whole months', Date.UTC(2026, 1, 1), Date.UTC(2026, 4, 1)],
  ['late in a month to early in another', Date.UTC(2026, 0, 28, 21), Date.UTC(2026, 4, 3, 2, 15)],
  ['early in a month to late in another', Date.UTC(2026, 1, 4, 3), Date.UTC(2026, 3, 27, 22, 45)],
  ['within a month', Date.UTC(2026, 2, 3, 5), Date.UTC(2026, 2, 29, 20)],
  ['all there is', 0, Date.UTC(2027, 0, 1)],
];

const VALUES_OF = {
  user: (event: UsageEvent) => [event.userId ?? ''],
  key: (event: UsageEvent) => [event.keyId ?? ''],
  model: (event: UsageEvent) => [`${event.attempts[0]?.provider}/${event.attempts[0]?.model}`],
  provider: (event: UsageEvent) => [event.provider ?? ''],
  tag: (event: UsageEvent) => event.tags,
} as const;

function within(sinceMs: number, untilMs: number): UsageEvent[] {
  return events.filter((event) => event.timeMs >= sinceMs && event.timeMs < untilMs);
}

/** `name` to requests and cost, by hand. */
function grouped(rows: readonly UsageEvent[], namesOf: (event: UsageEvent) => readonly string[]) {
  const groups = new Map<string, [number, number]>();
  for (const row of rows) {
    for (const name of namesOf(row)) {
      const [requests, cost] = groups.get(name) ?? [0, 0];
      groups.set(name, [requests + 1, cost + (row.costNanoUsd ?? 0)]);
    }
  }
  return Object.fromEntries([...groups].toSorted());
}

function told(rows: readonly (readonly [string, { requests: number; cost_nano_usd: number }])[]) {
  return Object.fromEntries(
    rows.map(([name, row]) => [name, [row.requests, row.cost_nano_usd] as [number, number]]).toSorted(),
  );
}

describe('over months', () => {
  for (const [name, sinceMs, untilMs] of RANGES) {
    test(`every pair, whole and narrowed to either side: ${name}`, async () => {
      const rows = within(sinceMs, untilMs);
      for (const pair of PAIRS) {
        const namesOf = (event: UsageEvent) =>
          VALUES_OF[pair.owner](event).flatMap((owner) =>
            VALUES_OF[pair.of](event).map((value) => `${owner} ${value}`),
          );
        const all = await usageCrossing(store.read, { pair, sinceMs, untilMs, limit: 999 });
        expect(told(all.rows.map((row) => [`${row.owner} ${row.value}`, row]))).toEqual(
          grouped(rows, namesOf),
        );
        const owners = [VALUES_OF[pair.owner](events[0] as UsageEvent)[0] ?? '', ''];
        const some = await usageCrossing(store.read, { pair, owners, sinceMs, untilMs, limit: 999 });
        const theirs = rows.filter((row) => owners.includes(VALUES_OF[pair.owner](row)[0] ?? ''));
        expect(told(some.rows.map((row) => [`${row.owner} ${row.value}`, row]))).toEqual(
          grouped(theirs, namesOf),
        );
        const [value] = Object.keys(grouped(rows, VALUES_OF[pair.of]));
        const subject = { kind: pair.of, value: value ?? '' };
        const shares = await usageShares(store.read, { subject, by: pair.owner, sinceMs, untilMs });
        expect(told(shares.rows.map((row) => [row.value, row]))).toEqual(
          grouped(
            rows.filter((row) => VALUES_OF[pair.of](row).includes(subject.value)),
            VALUES_OF[pair.owner],
          ),
        );
      }
    });

    test(`totals, shares of the house and days of several values: ${name}`, async () => {
      const rows = within(sinceMs, untilMs);
      const totals = await usageTotals(store.read, { subject: { kind: 'all' }, sinceMs, untilMs });
      const cost = rows.reduce((sum, row) => sum + (row.costNanoUsd ?? 0), 0);
      expect([totals.requests, totals.cost_nano_usd]).toEqual([rows.length, cost]);
      const shares = await usageShares(store.read, {
        subject: { kind: 'all' },
        by: 'model',
        sinceMs,
        untilMs,
      });
      expect(told(shares.rows.map((row) => [row.value, row]))).toEqual(grouped(rows, VALUES_OF.model));
      const values = ['usr_0', 'usr_1', 'nobody'];
      for (const timeZone of ['UTC', 'Asia/Kathmandu', 'America/New_York', 'Pacific/Kiritimati']) {
        for (const step of sinceMs === 0 ? (['day'] as const) : (['day', 'hour'] as const)) {
          const steps = { sinceMs, untilMs, step, timeZone };
          const counters = ['prompt_tokens', 'completion_tokens'] as const;
          const asked = { kind: 'user', values, counters, ...steps } as const;
          const amounts = await usageAmounts(store.read, asked);
          const weekly = step === 'day' ? await usageAmounts(store.read, { ...asked, daysPerStep: 7 }) : null;
          const starts = dayStarts(timeZone, { sinceMs, untilMs });
          for (const value of values) {
            const subject = { kind: 'user', value } as const;
            const series = await usageSeries(store.read, { subject, ...steps });
            const expected = series.rows.map((row) => [
              row.startMs,
              row.prompt_tokens + row.completion_tokens,
            ]);
            expect([...(amounts.get(value) ?? [])].filter(([, sum]) => sum !== 0).toSorted()).toEqual(
              expected.filter(([, sum]) => sum !== 0).toSorted() as [number, number][],
            );
            if (weekly === null) continue;
            const weeks = new Map<number, number>();
            for (const [startMs = 0, sum = 0] of expected) {
              const day = starts.indexOf(startMs);
              const weekMs = starts[day - (day % 7)] ?? -1;
              weeks.set(weekMs, (weeks.get(weekMs) ?? 0) + sum);
            }
            const isUsed = ([, sum]: readonly [number, number]) => sum !== 0;
            expect([...(weekly.get(value) ?? [])].filter(isUsed).toSorted()).toEqual(
              [...weeks].filter(isUsed).toSorted(),
            );
          }
        }
      }
    });
  }

  test('a subject split by its own dimension is itself; dimensions that are no pair answer nothing', async () => {
    const range = { sinceMs: START, untilMs: START + DAYS * DAY };
    const subject = { kind: 'model', value: 'groq/m1' } as const;
    const own = await usageShares(store.read, { subject, by: 'model', ...range });
    const totals = await usageTotals(store.read, { subject, ...range });
    expect(own.rows).toEqual([{ ...totals, value: 'groq/m1' }]);
    expect((await usageShares(store.read, { subject, by: 'tag', ...range })).rows).toEqual([]);
    expect(pairOf('model', 'tag')).toBeNull();
  });

  test('pairs are the scope kinds that are kept', () => {
    const kept = SCOPE_KINDS.map((kind) => kind.kind).filter((kind) => kind.includes('_'));
    expect(PAIRS.map(({ owner, of }) => `${owner}_${of}`).toSorted()).toEqual(kept.toSorted());
    for (const { owner, of } of PAIRS) expect(pairOf(of, owner)).toEqual(pairOf(owner, of));
  });

  test('crossings still equal the rows after a prune, from the first day that is counted whole', async () => {
    const beforeMs = START - (START % DAY) + 50 * DAY;
    while ((await pruneUsageBite(store, { beforeMs, rowsMax: 500 })).deleted > 0);
    const [sinceMs, untilMs] = [START + 10 * DAY, START + 120 * DAY];
    const pair = { owner: 'user', of: 'model' } as const;
    const answer = await usageCrossing(store.read, { pair, sinceMs, untilMs, limit: 999 });
    expect(answer.range).toEqual({ sinceMs: START - (START % DAY) + 10 * DAY, untilMs });
    const rows = within(answer.range.sinceMs, untilMs);
    const namesOf = (event: UsageEvent) => [`${event.userId ?? ''} ${VALUES_OF.model(event)[0]}`];
    expect(told(answer.rows.map((row) => [`${row.owner} ${row.value}`, row]))).toEqual(
      grouped(rows, namesOf),
    );
  });
});

describe('what a month holds', () => {
  test('is the sum of its days, the same from the writer and from the migration of an older database', async () => {
    const query = sql<Record<string, number>>`SELECT * FROM usage_months ORDER BY scope_id, bucket_ms`;
    const written = (await query.execute(store.read)).rows;
    expect(written.length).toBeGreaterThan(100);
    for (const row of written) expect(monthStartMs(row.bucket_ms ?? 0)).toBe(row.bucket_ms as number);
    await store.close();
    const older = new Database(path);
    undoLoneAttempts(older);
    older.run('DROP TABLE usage_months');
    older.run('DELETE FROM migrations WHERE number >= 9');
    older.close();
    store = await openStore({ path, mode: 'inline' });
    expect((await query.execute(store.read)).rows).toEqual(written);
    await insertUsageEvents(store, [usageEvent({ timeMs: START })]);
    expect(await verifyUsage(store.read)).toEqual([]);
  });

  test('stays right when a batch fails as a whole and is written again', async () => {
    const batch = Array.from({ length: 30 }, (_, at) =>
      usageEvent({ timeMs: START + at * DAY, userId: `usr_new_${at % 5}`, keyId: `key_new_${at % 7}` }),
    );
    await sql`CREATE TRIGGER full BEFORE INSERT ON usage_months BEGIN SELECT RAISE(ABORT, 'no room'); END`.execute(
      store.write,
    );
    await expect(insertUsageEvents(store, batch)).rejects.toThrow(/no room/);
    await sql`DROP TRIGGER full`.execute(store.write);
    // Another name takes the ids that were rolled back: whoever remembered them would count under it.
    await insertUsageEvents(store, [usageEvent({ timeMs: START, userId: 'usr_other', keyId: 'key_other' })]);
    await insertUsageEvents(store, batch);
    expect(await verifyUsage(store.read)).toEqual([]);
  });
});
