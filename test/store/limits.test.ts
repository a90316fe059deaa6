// Guarantee: one owner has one limit of a kind and period; every change is seen by whoever watches the version.
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addPeaks, readPeaks } from '../../src/store/limit-peaks.ts';
import { deleteLimit, findLimit, findSameLimit, listLimits, saveLimit } from '../../src/store/limits.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { readVersions } from '../../src/store/versions.ts';
import { sampleLimit } from '../support/samples.ts';

let folder = '';
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-limits-'));
  store = await openStore({ path: join(folder, 'tollgate.db'), mode: 'inline' });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const house = sampleLimit({
  id: 'lim_house',
  scope: 'house',
  scopeId: null,
  kind: 'budget_money',
  period: 'month',
  amount: 9_000_000_000_000_000,
  timeZone: 'Europe/Berlin',
  warnPercent: 90,
  allowUnpriced: true,
  raisedAmount: 9_000_000_000_000_000,
  raisedUntilMs: 5,
});

test('what was saved is read back, whole', async () => {
  await saveLimit(store.write, house, 1);
  expect(await listLimits(store.read)).toEqual([house]);
  expect(await findSameLimit(store.read, house)).toEqual(house);
  expect(await findLimit(store.read, 'lim_house')).toEqual(house);
  expect(await findLimit(store.read, 'lim_none')).toBeUndefined();
});

test('saving again changes; a second limit of the same owner, kind and period cannot be', async () => {
  await saveLimit(store.write, house, 1);
  await saveLimit(store.write, { ...house, amount: 7, warnPercent: null }, 2);
  expect((await listLimits(store.read)).map(({ amount, warnPercent }) => [amount, warnPercent])).toEqual([
    [7, null],
  ]);
  await expect(saveLimit(store.write, { ...house, id: 'lim_second' }, 3)).rejects.toThrow(/unique/i);
  await saveLimit(store.write, { ...house, id: 'lim_day', period: 'day' }, 4);
  await saveLimit(store.write, sampleLimit(), 5);
  await expect(saveLimit(store.write, sampleLimit({ id: 'lim_again' }), 6)).rejects.toThrow(/unique/i);
});

test('every change raises the version, and so does a removal', async () => {
  const version = async () => (await readVersions(store.read)).get('limits') ?? 0;
  expect(await version()).toBe(0);
  await saveLimit(store.write, house, 1);
  expect(await version()).toBe(1);
  expect(await deleteLimit(store.write, house.id)).toBe(true);
  expect(await deleteLimit(store.write, house.id)).toBe(false);
  expect(await version()).toBeGreaterThanOrEqual(2);
});

test('of a day the highest peak stays and refusals add up; a range takes the highest of its days', async () => {
  const peak = (dayMs: number, peakPermille: number, refusals: number) => ({
    limitId: 'lim_a',
    dayMs,
    peakPermille,
    refusals,
  });
  await addPeaks(store.write, [peak(0, 500, 2), peak(0, 300, 1), peak(86_400_000, 900, 0)]);
  await addPeaks(store.write, [peak(0, 700, 4)]);
  const read = (sinceMs: number, untilMs: number) => readPeaks(store.read, { sinceMs, untilMs });
  expect(await read(0, 1)).toEqual([{ limitId: 'lim_a', peakPermille: 700, refusals: 7 }]);
  expect(await read(0, 1e9)).toEqual([{ limitId: 'lim_a', peakPermille: 900, refusals: 7 }]);
  expect(await read(2, 3)).toEqual([]);
});
