// Deadlines for thousands of streams on one timer: work is put into buckets of a millisecond, so clocks do not drift
// and the mock never pays for a timer per chunk.

export interface Schedule {
  /** Runs `work` at `atMs` on the monotonic clock, or at the next turn when that has passed. */
  readonly at: (atMs: number, work: () => void) => void;
  readonly stop: () => void;
}

export function createSchedule(): Schedule {
  const buckets = new Map<number, (() => void)[]>();
  let doneMs = Math.floor(performance.now());
  let timer: ReturnType<typeof setTimeout> | null = null;

  function tick(): void {
    timer = null;
    const nowMs = Math.floor(performance.now());
    // `doneMs` moves with the loop: work that asks for a moment already past must land in a bucket still to come.
    while (doneMs < nowMs) {
      doneMs += 1;
      const due = buckets.get(doneMs);
      if (!due) continue;
      buckets.delete(doneMs);
      for (const work of due) work();
    }
    arm();
  }

  function arm(): void {
    if (timer === null && buckets.size > 0) timer = setTimeout(tick, 1);
  }

  return {
    at: (atMs, work) => {
      if (buckets.size === 0 && timer === null) doneMs = Math.floor(performance.now());
      const bucket = Math.max(Math.ceil(atMs), doneMs + 1);
      const due = buckets.get(bucket);
      if (due) due.push(work);
      else buckets.set(bucket, [work]);
      arm();
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer);
      buckets.clear();
    },
  };
}
