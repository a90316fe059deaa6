// Guarantee: what the roll-ups say for any range of quarters of an hour is what the rows add up to.
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { chargedNanoUsd, chargedTokens } from '../../src/core/usage-event.ts';
import { openStore } from '../../src/store/open-store.ts';
import { pageChargesOfRows, readCharges } from '../../src/store/usage-charges.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { usageEvent, usageOf } from '../support/usage-events.ts';

const START = Date.UTC(2026, 10, 20);
const QUARTER = 900_000;
const QUARTERS = 5 * 96;

test('charges of any range equal the rows of that range', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-charges-'));
  const store = await openStore({ path: join(folder, 'tollgate.db'), mode: 'inline' });
  const events = Array.from({ length: 400 }, (_, index) =>
    usageEvent({
      timeMs: START + Math.floor(((index * 7_919) % 4_801) * (QUARTERS / 4_801) * QUARTER),
      userId: `usr_${index % 3}`,
      costNanoUsd: index % 5 === 0 ? null : index * 11,
      heldNanoUsd: 500,
      heldTokens: 50,
      usage:
        index % 5 === 0
          ? { ...usageOf(0, 0), promptTokens: null, completionTokens: null }
          : usageOf(index, 2),
    }),
  );
  await insertUsageEvents(store, events);
  const quarter = fc.integer({ min: -10, max: QUARTERS + 10 });
  await fc.assert(
    fc.asyncProperty(quarter, quarter, fc.constantFrom(['usr_1'], null), async (a, b, owners) => {
      const sinceMs = START + Math.min(a, b) * QUARTER;
      const untilMs = START + Math.max(a, b) * QUARTER;
      const charges = await readCharges(store.read, { kind: 'user', sinceMs, untilMs, owners });
      const rows = events.filter(
        ({ userId, timeMs }) => userId === 'usr_1' && timeMs >= sinceMs && timeMs < untilMs,
      );
      expect(charges.get('usr_1') ?? { nanoUsd: 0, tokens: 0 }).toEqual({
        nanoUsd: rows.reduce((sum, row) => sum + chargedNanoUsd(row), 0),
        tokens: rows.reduce((sum, row) => sum + chargedTokens(row), 0),
      });
      expect(charges.has('usr_2')).toBe(owners === null && charges.has('usr_2'));
    }),
    { numRuns: 60 },
  );
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test('pages of rows give each row once, those of the same moment too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-charges-'));
  const store = await openStore({ path: join(folder, 'tollgate.db'), mode: 'inline' });
  const events = Array.from({ length: 25 }, (_, index) =>
    usageEvent({ timeMs: START + Math.floor(index / 10) }),
  );
  await insertUsageEvents(store, events);
  const seen: string[] = [];
  let after: { timeMs: number; id: string } | null = null;
  for (;;) {
    const rows = await pageChargesOfRows(store.read, { sinceMs: START + 1, after, limit: 4 });
    seen.push(...rows.map(({ id }) => id));
    const last = rows.at(-1);
    if (!last) break;
    after = last;
  }
  expect(seen.sort()).toEqual(
    events
      .slice(10)
      .map(({ id }) => id)
      .sort(),
  );
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
