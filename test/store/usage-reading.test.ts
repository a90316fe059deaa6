// Guarantee: every answer about usage equals what adding up the rows by hand gives, in the asker's own days and hours.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dayLabel, hourLabel } from '../../src/core/time-zone.ts';
import type { UsageEvent } from '../../src/core/usage-event.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { usageTotals } from '../../src/store/usage-reading.ts';
import { pruneUsageBite } from '../../src/store/usage-retention.ts';
import { usageSeries } from '../../src/store/usage-series.ts';
import { usageShares } from '../../src/store/usage-shares.ts';
import { attemptRecord, usageEvent, usageOf } from '../support/usage-events.ts';

const START = Date.UTC(2026, 9, 20);
const HOUR = 3_600_000;
const DAYS = 12;

let dir: string;
let store: Store;
let events: UsageEvent[];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tollgate-reading-'));
  store = await openStore({ path: join(dir, 'tollgate.db'), mode: 'inline' });
  let seed = 7;
  const pick = (bound: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * bound);
  };
  events = Array.from({ length: 3_000 }, () => {
    const user = pick(4);
    const model = `m${pick(3)}`;
    return usageEvent({
      timeMs: START + pick(DAYS * 24 * 3600) * 1000,
      userId: user === 3 ? null : `usr_${user}`,
      keyId: user === 3 ? null : `key_${user}_${pick(2)}`,
      tags: pick(3) === 0 ? ['red', 'blue'] : [],
      outcome: pick(10) === 0 ? 'error' : 'final',
      usage: { ...usageOf(pick(500), pick(100)), cachedTokens: pick(50), cacheWrite1hTokens: pick(9) },
      costNanoUsd: pick(5) === 0 ? null : pick(10_000),
      attempts: [attemptRecord({ model, provider: pick(2) ? 'openai' : 'groq' })],
    });
  }).map((event) => ({ ...event, provider: event.attempts[0]?.provider ?? null }));
  for (let at = 0; at < events.length; at += 500) await insertUsageEvents(store, events.slice(at, at + 500));
});

afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

function addUp(rows: readonly UsageEvent[]) {
  const sum = (of: (event: UsageEvent) => number | null) =>
    rows.reduce((all, row) => all + (of(row) ?? 0), 0);
  return {
    requests: rows.length,
    failed: rows.filter((row) => row.outcome !== 'final').length,
    prompt_tokens: sum((row) => row.usage.promptTokens),
    completion_tokens: sum((row) => row.usage.completionTokens),
    cached_tokens: sum((row) => row.usage.cachedTokens),
    cache_write_tokens: sum((row) => row.usage.cacheWrite1hTokens),
    cost_nano_usd: sum((row) => row.costNanoUsd),
    held_nano_usd: sum((row) => (row.costNanoUsd === null ? row.heldNanoUsd : 0)),
    held_tokens: 0,
  };
}

function within(sinceMs: number, untilMs: number): UsageEvent[] {
  return events.filter((event) => event.timeMs >= sinceMs && event.timeMs < untilMs);
}

const RANGES: readonly (readonly [string, number, number])[] = [
  ['the whole time', START, START + DAYS * 24 * HOUR],
  ['ragged at both ends', START + 5.25 * HOUR, START + 90.75 * HOUR],
  ['within one day', START + 3 * HOUR, START + 7.5 * HOUR],
  ['over one midnight', START + 20 * HOUR, START + 28 * HOUR],
  ['nothing', START - 90 * HOUR, START - 80 * HOUR],
];

describe('usage', () => {
  for (const [name, sinceMs, untilMs] of RANGES) {
    test(`totals and shares of ${name}`, async () => {
      const rows = within(sinceMs, untilMs);
      expect(await usageTotals(store.read, { subject: { kind: 'all' }, sinceMs, untilMs })).toMatchObject(
        addUp(rows),
      );
      const own = rows.filter((row) => row.userId === 'usr_1');
      expect(
        await usageTotals(store.read, { subject: { kind: 'user', value: 'usr_1' }, sinceMs, untilMs }),
      ).toMatchObject(addUp(own));
      const asked = { sinceMs, untilMs };
      await expectShares({ ...asked, subject: { kind: 'all' }, by: 'model' }, rows, (row) => [modelOf(row)]);
      await expectShares({ ...asked, subject: { kind: 'all' }, by: 'tag' }, rows, (row) => row.tags);
      await expectShares({ ...asked, subject: { kind: 'all' }, by: 'user' }, rows, (row) => [
        row.userId ?? '',
      ]);
      await expectShares({ ...asked, subject: { kind: 'user', value: 'usr_1' }, by: 'model' }, own, (row) => [
        modelOf(row),
      ]);
      await expectShares(
        { ...asked, subject: { kind: 'user', value: 'usr_1' }, by: 'tag' },
        own,
        (row) => row.tags,
      );
      const master = rows.filter((row) => row.userId === null);
      await expectShares(
        { ...asked, subject: { kind: 'user', value: '' }, by: 'provider' },
        master,
        (row) => [row.provider ?? ''],
      );
    });
  }

  // Berlin leaves summer time on 25 October; Kathmandu is 5:45 ahead, Kolkata 5:30; Lord Howe shifts by half an hour.
  for (const timeZone of [
    'UTC',
    'Europe/Berlin',
    'America/St_Johns',
    'Asia/Kathmandu',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
  ]) {
    test(`days and hours on the clock of ${timeZone}`, async () => {
      const [sinceMs, untilMs] = [START, START + DAYS * 24 * HOUR];
      for (const [step, labelOf] of [
        ['day', dayLabel],
        ['hour', hourLabel],
      ] as const) {
        const expected = new Map<string, UsageEvent[]>();
        for (const event of within(sinceMs, untilMs)) {
          const label = step === 'day' ? dayLabel(timeZone, event.timeMs) : hourOf(timeZone, event.timeMs);
          expected.set(label, [...(expected.get(label) ?? []), event]);
        }
        const subject = { kind: 'all' } as const;
        const { rows } = await usageSeries(store.read, { subject, sinceMs, untilMs, step, timeZone });
        const labels = rows.map((row) => labelOf(timeZone, row.startMs));
        expect(labels).toEqual([...expected.keys()].sort((a, b) => Date.parse(a) - Date.parse(b)));
        for (const [at, row] of rows.entries())
          expect(row).toMatchObject(addUp(expected.get(labels[at] ?? '') ?? []));
      }
    });
  }

  test('after a prune the roll-ups still answer, in whole UTC days where the rows are gone, and say so', async () => {
    const beforeMs = START + 4 * 24 * HOUR;
    const old = events.filter((event) => event.timeMs < beforeMs).length;
    let deleted = 0;
    for (let bite = 1; bite > 0; deleted += bite)
      bite = (await pruneUsageBite(store, { beforeMs, rowsMax: 200 })).deleted;
    expect(deleted).toBe(old);
    const left = await store.read.selectFrom('usage_events').select('id').execute();
    expect(left.length).toBe(events.length - old);
    const attempts = await store.read.selectFrom('usage_attempts').select('id').execute();
    expect(attempts.length).toBe(events.length - old);
    const [sinceMs, untilMs] = [START + 30 * HOUR, START + 150 * HOUR];
    const totals = await usageTotals(store.read, { subject: { kind: 'all' }, sinceMs, untilMs });
    expect(totals).toMatchObject(addUp(within(sinceMs, untilMs)));
    const question = { subject: { kind: 'user', value: 'usr_1' }, by: 'model', sinceMs, untilMs } as const;
    const shares = await usageShares(store.read, question);
    expect(shares.range).toEqual({ sinceMs: START + 24 * HOUR, untilMs });
    const counted = within(START + 24 * HOUR, untilMs).filter((row) => row.userId === 'usr_1');
    expect(shares.rows.reduce((sum, row) => sum + row.requests, 0)).toBe(counted.length);
  });
});

function modelOf(event: UsageEvent): string {
  return `${event.attempts[0]?.provider}/${event.attempts[0]?.model}`;
}

function hourOf(timeZone: string, timeMs: number): string {
  const hour = Temporal.Instant.fromEpochMilliseconds(timeMs).toZonedDateTimeISO(timeZone);
  const offsetMs = hour.offsetNanoseconds / 1e6;
  return hourLabel(timeZone, timeMs - ((timeMs + offsetMs) % HOUR));
}

async function expectShares(
  question: Parameters<typeof usageShares>[1],
  rows: readonly UsageEvent[],
  valuesOf: (event: UsageEvent) => readonly string[],
) {
  const groups = new Map<string, UsageEvent[]>();
  for (const row of rows)
    for (const value of valuesOf(row)) groups.set(value, [...(groups.get(value) ?? []), row]);
  const shares = await usageShares(store.read, question);
  expect(shares.rows.map((row) => row.value).sort()).toEqual([...groups.keys()].sort());
  for (const row of shares.rows) expect(row).toMatchObject(addUp(groups.get(row.value) ?? []));
}
