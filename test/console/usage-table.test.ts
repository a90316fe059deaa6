// Guarantee: every pair of dimensions that the explorer offers has its rows, in either order, and they add up to the whole;
// narrowed to one value, every split does too. One question for a crossing, however many owners it has.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readUsageQuery } from '../../src/console/pages/usage-query.ts';
import { createShareReader, HOUSE } from '../../src/console/pages/usage-source.ts';
import { OWNERS_MAX, ROWS_MAX, readUsageTable } from '../../src/console/pages/usage-table.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { DIMENSIONS, type Dimension, pairOf } from '../../src/store/usage-scopes.ts';
import type { SplitSubject } from '../../src/store/usage-shares.ts';
import { attemptRecord, usageEvent } from '../support/usage-events.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const USERS = OWNERS_MAX + 5;
const range = { sinceMs: Date.UTC(2026, 5, 3), untilMs: Date.UTC(2026, 10, 24) };

let dir: string;
let store: Store;
let asked: number;
let counting: Store;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tollgate-table-'));
  store = await openStore({ path: join(dir, 'tollgate.db'), mode: 'inline' });
  asked = 0;
  const read = store.read.withPlugin({
    transformQuery: ({ node }) => {
      asked += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  counting = { ...store, read };
  const events = Array.from({ length: USERS * 8 }, (_, at) =>
    usageEvent({
      timeMs: NOW - (at % 150) * 86_400_000,
      userId: `usr_${at % USERS}`,
      keyId: `key_${at % USERS}_${at % 2}`,
      tags: [`team-${at % 3}`],
      costNanoUsd: 1_000 + (at % USERS),
      provider: at % 2 ? 'openai' : 'groq',
      attempts: [attemptRecord({ model: `m${at % 4}`, provider: at % 2 ? 'openai' : 'groq' })],
    }),
  );
  await insertUsageEvents(store, events);
});
afterAll(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

const PAIRS_OFFERED = DIMENSIONS.flatMap((by) =>
  DIMENSIONS.filter((and) => pairOf(by, and) !== null).map((and) => [by, and] as const),
);

function table(subject: SplitSubject, facts: { by: Dimension; and?: Dimension; only?: [Dimension, string] }) {
  const { by, and = null, only } = facts;
  const sharesOf = createShareReader(counting, { range, limit: ROWS_MAX });
  const narrowed = only ? { kind: only[0], value: only[1] } : null;
  return readUsageTable(counting, { sharesOf, range, subject, only: narrowed, by, and });
}

function requestsIn(rows: readonly { counters: { requests: number } }[]): number {
  return rows.reduce((sum, row) => sum + row.counters.requests, 0);
}

describe('the explorer', () => {
  test('offers the pairs that hold a user or a key, and no other', () => {
    expect(PAIRS_OFFERED.length).toBe(14);
    const query = (text: string) =>
      readUsageQuery(new URLSearchParams(text), { scope: 'house', timeZone: 'UTC', nowMs: NOW });
    for (const by of DIMENSIONS) {
      for (const and of DIMENSIONS) {
        const holdsOwner = by !== and && [by, and].some((each) => each === 'user' || each === 'key');
        expect(query(`by=${by}&and=${and}`).and).toBe(holdsOwner ? and : null);
      }
    }
  });

  test('splits a model by provider or tag as it can: by user, and the form says so', () => {
    const query = (text: string) =>
      readUsageQuery(new URLSearchParams(text), { scope: 'house', timeZone: 'UTC', nowMs: NOW });
    expect(query('by=provider&only=model:groq/m0').query.by).toBe('user');
    expect(query('by=model&only=model:groq/m0').query.by).toBe('model');
    expect(query('by=key&only=tag:team-1').query.by).toBe('key');
  });

  test.each(PAIRS_OFFERED)('%s by %s', async (by, and) => {
    asked = 0;
    const { rows, note } = await table(HOUSE, { by, and });
    // Owners and their names, where rows may be gone, the crossing, names of the other side: the same for any number of owners.
    expect(asked).toBeLessThanOrEqual(5);
    expect(note).toContain(`${OWNERS_MAX} ${pairOf(by, and)?.owner}s`);
    const turned = await table(HOUSE, { by: and, and: by });
    expect(turned.rows.map((row) => [row.second, row.first, row.counters])).toEqual(
      rows.map((row) => [row.first, row.second, row.counters]),
    );
    const owner = pairOf(by, and)?.owner ?? 'user';
    const owners = (await table(HOUSE, { by: owner })).rows.slice(0, OWNERS_MAX);
    expect(requestsIn(rows)).toBe(requestsIn(owners));
    for (const { name, requests } of owners.map((row) => ({ name: row.first, ...row.counters }))) {
      expect(requestsIn(rows.filter((row) => row.first === name || row.second === name))).toBe(requests);
    }
  });

  test.each(DIMENSIONS.filter((by) => by !== 'user' && by !== 'key'))(
    'one user by key and %s',
    async (by) => {
      const subject = { kind: 'user', value: 'usr_1' } as const;
      const { rows, note } = await table(subject, { by: 'key', and: by });
      expect(note).toBeNull();
      expect(rows.every((row) => row.first.startsWith('key_1_'))).toBe(true);
      expect(requestsIn(rows)).toBe(8);
    },
  );

  const NARROWED: readonly (readonly [Dimension, string])[] = [
    ['user', 'usr_2'],
    ['key', 'key_2_0'],
    ['model', 'groq/m0'],
    ['provider', 'openai'],
    ['tag', 'team-1'],
  ];
  test.each(NARROWED)('narrowed to the %s %s, every split adds up to it', async (kind, value) => {
    const whole = requestsIn((await table(HOUSE, { by: kind, only: [kind, value] })).rows);
    expect(whole).toBeGreaterThan(0);
    for (const by of DIMENSIONS.filter((each) => pairOf(kind, each) !== null)) {
      const { rows } = await table(HOUSE, { by, only: [kind, value] });
      expect([by, requestsIn(rows)]).toEqual([by, whole]);
    }
  });
});
