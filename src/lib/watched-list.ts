// A list that tells who watches it when something came or went. Bounded: what does not fit is counted and not kept.
import { type Linked, LinkedList } from './linked-list.ts';

export interface WatchedList<T extends Linked> {
  readonly add: (item: T) => void;
  readonly remove: (item: T) => void;
  /** In the order of coming. Read it in one step: what comes and goes meanwhile upsets it. */
  readonly values: () => Iterable<T>;
  /** How many are in it, those that were not kept included. */
  readonly size: () => number;
  /** Calls back at once after each change, so keep it short; the answer stops it. */
  readonly watch: (changed: () => void) => () => void;
}

export function createWatchedList<T extends Linked>(max: number): WatchedList<T> {
  const items = new LinkedList<T>();
  const watchers = new Set<() => void>();
  let beyond = 0;

  function tell(): void {
    if (watchers.size > 0) for (const changed of watchers) changed();
  }

  return {
    add: (item) => {
      if (items.size < max) items.add(item);
      else beyond += 1;
      tell();
    },
    remove: (item) => {
      if (!items.remove(item)) beyond = Math.max(0, beyond - 1);
      tell();
    },
    values: () => items,
    size: () => items.size + beyond,
    watch: (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
  };
}
