// Guarantee: members come and go in any order, and one that has gone leaves nothing behind that the collector would keep.

import { edenGC, fullGC, heapStats } from 'bun:jsc';
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Linked, LinkedList } from '../../src/lib/linked-list.ts';

class Item extends Linked {
  readonly name: string;

  constructor(name = '') {
    super();
    this.name = name;
  }
}

const namesOf = (list: Iterable<Item>) => Array.from(list, ({ name }) => name).join('');

test('members stand in the order of coming, and each can go from any place', () => {
  const list = new LinkedList<Item>();
  const [a, b, c, d] = [new Item('a'), new Item('b'), new Item('c'), new Item('d')];
  for (const item of [a, b, c, d]) list.add(item);
  expect([namesOf(list), list.size, list.first]).toEqual(['abcd', 4, a]);
  expect([list.remove(b), list.remove(a), list.remove(d)]).toEqual([true, true, true]);
  expect([namesOf(list), list.size, list.first]).toEqual(['c', 1, c]);
  list.add(a);
  expect([namesOf(list), list.has(a), list.has(b)]).toEqual(['ca', true, false]);
  expect([b.before, b.after, b.list]).toEqual([null, null, null]);
});

test('twice in or twice out changes nothing, nor does a member of another list', () => {
  const list = new LinkedList<Item>();
  const other = new LinkedList<Item>();
  const [a, b] = [new Item('a'), new Item('b')];
  list.add(a);
  list.add(a);
  other.add(b);
  list.add(b);
  expect([list.size, list.remove(b), list.remove(a), list.remove(a), list.size]).toEqual([
    1,
    false,
    true,
    false,
    0,
  ]);
  expect([namesOf(other), list.first]).toEqual(['b', null]);
});

test('the member at hand may go while the list is read', () => {
  const list = new LinkedList<Item>();
  for (const name of 'abcd') list.add(new Item(name));
  let seen = '';
  for (const item of list) {
    seen += item.name;
    list.remove(item);
  }
  expect([seen, list.size, list.first]).toEqual(['abcd', 0, null]);
});

test('any order of comings and goings leaves what a Set would', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(11), { maxLength: 60 }), (steps) => {
      const items = Array.from({ length: 6 }, (_, at) => new Item(String(at)));
      const list = new LinkedList<Item>();
      const model = new Set<Item>();
      for (const step of steps) {
        const item = items[step % 6] as Item;
        if (step < 6) {
          list.add(item);
          model.add(item);
        } else expect(list.remove(item)).toBe(model.delete(item));
      }
      expect([namesOf(list), list.size]).toEqual([namesOf(model), model.size]);
    }),
  );
});

test('what has gone is garbage to a collection of the young', () => {
  const COUNT = 5_000;
  const UNDER_WAY = 64;
  const list = new LinkedList<Holder>();
  const under: Holder[] = [];
  const pass = () => {
    const holder = new Holder();
    list.add(holder);
    under.push(holder);
    if (under.length > UNDER_WAY) list.remove(under.shift() as Holder);
  };
  for (let at = 0; at < COUNT; at++) pass();
  fullGC();
  const before = payloads();
  for (let at = 0; at < COUNT; at++) pass();
  edenGC();
  // A Set keeps a third of them, a Map all: see the comment in linked-list.ts.
  expect(payloads() - before).toBeLessThan(COUNT / 10);
});

/** Holds something that can be counted in the heap. */
class Holder extends Linked {
  readonly payload = new Response('');
}

function payloads(): number {
  return heapStats().objectTypeCounts.Response ?? 0;
}
