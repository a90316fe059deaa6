// Counts what happened in the last 60 seconds, in one-second buckets. Knows neither limits nor callers.
// 61 buckets are summed, the running second and 60 whole ones, so any 60 seconds one cares to look at lie inside.

const BUCKETS = 61;

export class MinuteWindow {
  /** Made on first use: most limits belong to keys that are asleep. */
  #counts: Float64Array | null = null;
  #newestSecond = 0;
  #sum = 0;

  /** What counts at `monotonicMs`. */
  sumAt(monotonicMs: number): number {
    if (this.#counts !== null) this.#advance(this.#counts, Math.floor(monotonicMs / 1_000));
    return this.#sum;
  }

  /** Adds (or takes back) `amount` in the second of `atMs`; nothing when that second is no longer counted. */
  add(atMs: number, amount: number): void {
    const second = Math.floor(atMs / 1_000);
    if (this.#counts === null) {
      this.#counts = new Float64Array(BUCKETS);
      this.#newestSecond = second;
    }
    const counts = this.#counts;
    this.#advance(counts, second);
    if (second <= this.#newestSecond - BUCKETS) return;
    const index = second % BUCKETS;
    counts[index] = (counts[index] ?? 0) + amount;
    this.#sum += amount;
  }

  /** Milliseconds until at most `most` counts, if nothing is added: 0 when that is so now. */
  waitMs(monotonicMs: number, most: number): number {
    let left = this.sumAt(monotonicMs) - most;
    if (left <= 0) return 0;
    const oldest = this.#newestSecond - BUCKETS + 1;
    for (let second = oldest; second <= this.#newestSecond; second++) {
      left -= this.#counts?.[(second + BUCKETS) % BUCKETS] ?? 0;
      if (left <= 0) return (second + BUCKETS) * 1_000 - monotonicMs;
    }
    return BUCKETS * 1_000;
  }

  #advance(counts: Float64Array, second: number): void {
    if (second <= this.#newestSecond) return;
    if (second - this.#newestSecond >= BUCKETS) {
      counts.fill(0);
      this.#sum = 0;
    } else {
      for (let passed = this.#newestSecond + 1; passed <= second; passed++) {
        const index = passed % BUCKETS;
        this.#sum -= counts[index] ?? 0;
        counts[index] = 0;
      }
    }
    this.#newestSecond = second;
  }
}
