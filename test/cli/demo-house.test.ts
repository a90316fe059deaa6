import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillDemoHouse } from '../../src/cli/demo-house.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openStore } from '../../src/store/open-store.ts';
import { usageTotals } from '../../src/store/usage-reading.ts';
import { usageShares } from '../../src/store/usage-shares.ts';

const dir = mkdtempSync(join(tmpdir(), 'tollgate-demo-test-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('the demo house has three users, weeks of usage, prices, failures and an unpriced model', async () => {
  const store = await openStore({ path: join(dir, 'tollgate.db'), mode: 'inline' });
  const house = await fillDemoHouse({
    store,
    clock: systemClock,
    pepper: 'p'.repeat(32),
    password: 'tiger lamp 9',
  });
  const range = { sinceMs: 0, untilMs: systemClock.nowMs() + 86_400_000 };
  const totals = await usageTotals(store.read, { subject: { kind: 'all' }, ...range });
  const users = await usageShares(store.read, { subject: { kind: 'all' }, ...range, by: 'user' });
  expect(house.usernames).toHaveLength(3);
  expect(totals.requests).toBe(house.events);
  expect(totals.requests).toBeGreaterThan(3_000);
  expect(totals.cost_nano_usd).toBeGreaterThan(0);
  expect(totals.unpriced).toBeGreaterThan(0);
  expect(totals.failed).toBeGreaterThan(0);
  expect(users.rows).toHaveLength(3);
  await store.close();
});
