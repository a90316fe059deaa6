import { expect, test } from 'bun:test';
import { Linked } from '../../src/lib/linked-list.ts';
import { createWatchedList } from '../../src/lib/watched-list.ts';

class Item extends Linked {}

test('it tells watchers of every change until they leave', () => {
  const list = createWatchedList<Item>(10);
  const [a, b] = [new Item(), new Item()];
  let told = 0;
  const leave = list.watch(() => {
    told += 1;
  });
  list.add(a);
  list.add(b);
  list.remove(a);
  expect([...list.values()]).toEqual([b]);
  expect(told).toBe(3);
  leave();
  list.remove(b);
  expect(told).toBe(3);
});

test('beyond its bound it counts and does not keep', () => {
  const list = createWatchedList<Item>(2);
  const [a, b, c, d] = [new Item(), new Item(), new Item(), new Item()];
  for (const item of [a, b, c, d]) list.add(item);
  expect([...list.values()]).toEqual([a, b]);
  expect(list.size()).toBe(4);
  for (const item of [c, d, a, b]) list.remove(item);
  expect(list.size()).toBe(0);
});
