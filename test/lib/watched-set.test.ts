import { expect, test } from 'bun:test';
import { createWatchedSet } from '../../src/lib/watched-set.ts';

test('it tells watchers of every change until they leave', () => {
  const set = createWatchedSet<string>(10);
  let told = 0;
  const leave = set.watch(() => {
    told += 1;
  });
  set.add('a');
  set.add('b');
  set.delete('a');
  expect([...set.values()]).toEqual(['b']);
  expect(told).toBe(3);
  leave();
  set.delete('b');
  expect(told).toBe(3);
});

test('beyond its bound it counts and does not keep', () => {
  const set = createWatchedSet<number>(2);
  for (const item of [1, 2, 3, 4]) set.add(item);
  expect([...set.values()]).toEqual([1, 2]);
  expect(set.size()).toBe(4);
  for (const item of [3, 4, 1, 2]) set.delete(item);
  expect(set.size()).toBe(0);
});
