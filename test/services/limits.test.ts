// Guarantee: limits are set, raised and removed whole or not at all, each with its line in the audit log, and an owner
// who does not exist gets none.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allowsAddress, allowsModel } from '../../src/core/limits/access-list.ts';
import { systemDoer } from '../../src/core/principal.ts';
import { createUser } from '../../src/services/create-user.ts';
import { issueKey } from '../../src/services/issue-key.ts';
import { createKeyIndex } from '../../src/services/key-index.ts';
import { limitReport, monthSpan } from '../../src/services/limits/limit-report.ts';
import { readLimitStates } from '../../src/services/limits/limit-states.ts';
import { raiseLimit, removeLimit, setLimit } from '../../src/services/limits/manage-limits.ts';
import { restrictUser } from '../../src/services/limits/restrict-user.ts';
import { addPeaks } from '../../src/store/limit-peaks.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { insertUsageEvents } from '../../src/store/usage-events.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { usageEvent } from '../support/usage-events.ts';

const doer = systemDoer('test');
const USD = 1_000_000_000;
let folder = '';
let store: Store;
let clock: ManualClock;
let userId = '';
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-limits-'));
  store = await openStore({ path: join(folder, 'tollgate.db'), mode: 'inline' });
  clock = new ManualClock();
  userId = (await createUser({ store, clock }, { username: 'alice', passwordHash: null, role: 'user' })).id;
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const daily = () => ({
  scope: 'user' as const,
  scopeId: userId,
  kind: 'budget_money' as const,
  period: 'day' as const,
  amount: 5 * USD,
});
const audits = async () =>
  (await store.read.selectFrom('audit_log').selectAll().orderBy('id').execute()).map(
    ({ action, before_json, after_json }) => ({
      action,
      before: before_json && JSON.parse(before_json),
      after: after_json && JSON.parse(after_json),
    }),
  );

test('setting again changes one limit, keeps what was not named, and is told in the audit log', async () => {
  const first = await setLimit(
    { store, clock },
    { ...daily(), timeZone: 'Asia/Tokyo', warnPercent: 50 },
    doer,
  );
  const second = await setLimit({ store, clock }, { ...daily(), amount: 7 * USD }, doer);
  expect(second).toEqual({ ...first, amount: 7 * USD });
  expect(first).toMatchObject({ timeZone: 'Asia/Tokyo', warnPercent: 50, allowUnpriced: false });
  expect((await audits()).slice(-2)).toMatchObject([
    { action: 'limit_set', before: null, after: { amount: 5 * USD } },
    { action: 'limit_set', before: { amount: 5 * USD }, after: { amount: 7 * USD } },
  ]);
});

test('a budget warns at 80 percent unless told otherwise, a rate never', async () => {
  expect((await setLimit({ store, clock }, daily(), doer)).warnPercent).toBe(80);
  const rate = { ...daily(), kind: 'requests_per_minute' as const, period: null };
  expect((await setLimit({ store, clock }, rate, doer)).warnPercent).toBeNull();
});

test('what makes no sense is refused and leaves nothing behind', async () => {
  const set = (change: object) => setLimit({ store, clock }, { ...daily(), ...change }, doer);
  await expect(set({ amount: -1 })).rejects.toThrow('whole number');
  await expect(set({ timeZone: 'Mars' })).rejects.toThrow('no time zone');
  await expect(set({ scopeId: 'usr_nobody' })).rejects.toThrow('User not found');
  await expect(set({ scope: 'key', scopeId: 'key_none' })).rejects.toThrow('API key not found');
  expect(await readLimitStates({ store, clock })).toEqual([]);
  expect((await audits()).filter(({ action }) => action === 'limit_set')).toEqual([]);
});

test('a raise must be higher and end in the future; lowering the limit below it keeps it, above it ends it', async () => {
  const { id } = await setLimit({ store, clock }, daily(), doer);
  const untilMs = clock.nowMs() + 1_000;
  const raise = (amount: number, until = untilMs) =>
    raiseLimit({ store, clock }, { id, amount, untilMs: until }, doer);
  await expect(raise(4 * USD)).rejects.toThrow('above the amount');
  await expect(raise(9 * USD, clock.nowMs())).rejects.toThrow('in the future');
  await raise(9 * USD);
  const amounts = async () => (await readLimitStates({ store, clock })).map(({ amount }) => amount / USD);
  expect(await amounts()).toEqual([9]);
  await setLimit({ store, clock }, { ...daily(), amount: 6 * USD }, doer);
  expect(await amounts()).toEqual([9]);
  clock.advance(1_000);
  expect(await amounts()).toEqual([6]);
  await setLimit({ store, clock }, { ...daily(), amount: 20 * USD }, doer);
  expect(await amounts()).toEqual([20]);
});

test('a removed limit is gone, once', async () => {
  const { id } = await setLimit({ store, clock }, daily(), doer);
  await removeLimit({ store, clock }, id, doer);
  await expect(removeLimit({ store, clock }, id, doer)).rejects.toThrow('Limit not found');
  await expect(raiseLimit({ store, clock }, { id, amount: 1, untilMs: 9e15 }, doer)).rejects.toThrow(
    'Limit not found',
  );
  expect((await audits()).at(-1)).toMatchObject({ action: 'limit_delete', before: { amount: 5 * USD } });
});

test('states are read from the rows', async () => {
  await setLimit({ store, clock }, daily(), doer);
  await insertUsageEvents(store, [usageEvent({ userId, timeMs: clock.nowMs(), costNanoUsd: 2 * USD })]);
  expect(await readLimitStates({ store, clock })).toMatchObject([{ used: 2 * USD, remaining: 3 * USD }]);
});

test('the report of a month names who came near or was refused, nearest first', async () => {
  const near = await setLimit({ store, clock }, daily(), doer);
  const far = await setLimit({ store, clock }, { ...daily(), period: 'month' }, doer);
  const refused = await setLimit(
    { store, clock },
    { ...daily(), kind: 'requests_per_minute', period: null },
    doer,
  );
  const day = (iso: string, limitId: string, peakPermille: number, refusals: number) => ({
    limitId,
    dayMs: Date.parse(iso),
    peakPermille,
    refusals,
  });
  await addPeaks(store.write, [
    day('2026-11-01', near.id, 955, 0),
    day('2026-11-02', near.id, 100, 0),
    day('2026-11-02', far.id, 500, 0),
    day('2026-11-30', refused.id, 300, 4),
    day('2026-12-01', far.id, 999, 9),
    day('2026-11-03', 'lim_gone', 1_000, 1),
  ]);
  await removeLimit({ store, clock }, far.id, doer);
  const span = monthSpan('2026-11');
  if (!span) throw new Error('2026-11 is a month');
  const report = await limitReport(store, { ...span, nearPercent: 80 });
  expect(report.map(({ limitId, peakPercent, refusals }) => [limitId, peakPercent, refusals])).toEqual([
    ['lim_gone', 100, 1],
    [near.id, 95.5, 0],
    [refused.id, 30, 4],
  ]);
  expect(['2026-13', '2026-00', '26-01', 'now'].map(monthSpan)).toEqual([null, null, null, null]);
});

test("a user's lists bind all their keys beside the keys' own; a deny of either wins", async () => {
  const key = async (models: string[] | null, addresses: string[] | null = null) =>
    (await issueKey({ store, clock, pepper: 'p' }, { userId, name: 'k', models, addresses })).token;
  const free = await key(null);
  const narrow = await key(['openai/gpt-5', 'anthropic/*'], ['10.1.0.0/16']);
  const lists = { models: ['openai/*', '!openai/o3*'], addresses: ['10.0.0.0/8'] };
  await restrictUser({ store, clock }, { userId, ...lists }, doer);
  const index = await createKeyIndex({ store, clock, pepper: 'p' });
  const may = (token: string, model: string) => {
    const actor = index.find(token);
    return typeof actor === 'object' && allowsModel(actor.models, [model]);
  };
  const mayFrom = (token: string, address: string) => {
    const actor = index.find(token);
    return typeof actor === 'object' && allowsAddress(actor.addresses, address);
  };
  expect([may(free, 'openai/gpt-5'), may(free, 'openai/o3'), may(free, 'anthropic/x')]).toEqual([
    true,
    false,
    false,
  ]);
  expect([may(narrow, 'openai/gpt-5'), may(narrow, 'openai/gpt-4'), may(narrow, 'anthropic/x')]).toEqual([
    true,
    false,
    false,
  ]);
  expect([mayFrom(free, '10.9.9.9'), mayFrom(narrow, '10.9.9.9'), mayFrom(free, '11.1.1.1')]).toEqual([
    true,
    false,
    false,
  ]);
  await restrictUser({ store, clock }, { userId, models: null, addresses: null }, doer);
  await index.reload();
  expect([may(free, 'anthropic/x'), mayFrom(free, '11.1.1.1')]).toEqual([true, true]);
  await expect(restrictUser({ store, clock }, { userId, addresses: ['home'] }, doer)).rejects.toThrow(
    'no address',
  );
  await expect(key(['a b'])).rejects.toThrow('contains a space');
});

test('one stored list that cannot be read shuts its own key out and no other', async () => {
  const good = await issueKey({ store, clock, pepper: 'p' }, { userId, name: 'good' });
  const bad = await issueKey({ store, clock, pepper: 'p' }, { userId, name: 'bad' });
  await store.write
    .updateTable('api_keys')
    .set({ addresses: '["home"]' })
    .where('id', '=', bad.row.id)
    .execute();
  const index = await createKeyIndex({ store, clock, pepper: 'p' });
  const from = (token: string) => {
    const actor = index.find(token);
    return typeof actor === 'object' && allowsAddress(actor.addresses, '10.0.0.1');
  };
  expect([from(good.token), from(bad.token)]).toEqual([true, false]);
});
