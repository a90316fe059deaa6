// Many long time limits on one timer. Nearly all of them are called off unused, so a limit costs one
// entry in a list instead of a timer of the runtime. Late by up to a tick, never early; short limits get a real timer.

import { systemClock } from './clock.ts';
import { Linked, LinkedList } from './linked-list.ts';

/** How often limits are looked at. */
const TICK_MS = 100;
/** Below this a limit's lateness would show. */
const REAL_TIMER_BELOW_MS = 2_000;

/** Whoever a time limit is for. An object and not a function: nearly all of them exist anyway, and no closure is made. */
export interface TimeLimited {
  /** The limit is over. */
  readonly expire: () => void;
}

/** One limit, in the list of the new ones or of those that are due with it: to call it off is to unlink it. */
class Entry extends Linked {
  /** Monotonic time. */
  readonly dueMs: number;
  readonly owner: TimeLimited;

  constructor(dueMs: number, owner: TimeLimited) {
    super();
    this.dueMs = dueMs;
    this.owner = owner;
  }
}

/** What `cancelTimer` takes; nothing can be read from it. */
export type CoarseTimer = Entry | ReturnType<typeof setTimeout>;

/** Begun since the last tick. Most are called off before the next one and never looked at again. */
const begun = new LinkedList<Entry>();
/** By the tick in which they are due. */
const dueAt = new Map<number, LinkedList<Entry>>();
/** Entries that wait; each belongs to one request. */
let waiting = 0;
let tick = 0;
/** Monotonic time up to which ticks have been run. */
let tickedMs = 0;
let ticking: ReturnType<typeof setInterval> | null = null;

/** Has `owner` expire once after `ms` milliseconds, give or take a tenth of a second. Does not keep the process alive. */
export function startTimer(ms: number, owner: TimeLimited): CoarseTimer {
  return ms < REAL_TIMER_BELOW_MS ? setTimeout(() => owner.expire(), ms) : startCoarseTimer(ms, owner);
}

/** As startTimer, for limits that may be late by a tick however short they are: never a timer of the runtime. */
export function startCoarseTimer(ms: number, owner: TimeLimited): CoarseTimer {
  if (ticking === null) startTicking();
  const entry = new Entry(systemClock.monotonicMs() + ms, owner);
  begun.add(entry);
  waiting += 1;
  return entry;
}

/** Calls a timer off; one that has run or was called off before stays as it is. */
export function cancelTimer(timer: CoarseTimer): void {
  if (!(timer instanceof Entry)) {
    clearTimeout(timer);
    return;
  }
  if (timer.list?.remove(timer)) waiting -= 1;
}

function startTicking(): void {
  tickedMs = systemClock.monotonicMs();
  ticking = setInterval(() => {
    placeBegun();
    // A loop that was held up has missed ticks: the clock decides how many have passed.
    const passed = Math.floor((systemClock.monotonicMs() - tickedMs) / TICK_MS);
    tickedMs += passed * TICK_MS;
    for (let each = 0; each < passed; each++) runTick();
    if (waiting === 0) stopTicking();
  }, TICK_MS);
  ticking.unref();
}

/** Each to the first tick at which it is over, which may be one of those that are run next. */
function placeBegun(): void {
  for (let entry = begun.first; entry; entry = begun.first) {
    begun.remove(entry);
    listDue(tick + Math.max(1, Math.ceil((entry.dueMs - tickedMs) / TICK_MS))).add(entry);
  }
}

function listDue(dueTick: number): LinkedList<Entry> {
  const known = dueAt.get(dueTick);
  if (known) return known;
  const list = new LinkedList<Entry>();
  dueAt.set(dueTick, list);
  return list;
}

function stopTicking(): void {
  if (ticking !== null) clearInterval(ticking);
  ticking = null;
  dueAt.clear();
}

function runTick(): void {
  tick += 1;
  const due = dueAt.get(tick);
  if (!due) return;
  dueAt.delete(tick);
  // One that ends may call off others of its own tick.
  for (let entry = due.first; entry; entry = due.first) {
    cancelTimer(entry);
    entry.owner.expire();
  }
}
