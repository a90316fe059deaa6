// A clock that stands still until a test moves it. Wall time can be set back; monotonic time cannot, as in life.
import type { Clock } from '../../src/lib/clock.ts';

export class ManualClock implements Clock {
  #wallMs: number;
  #monotonicMs = 1_000_000;

  constructor(wall: string | number = '2026-11-23T12:00:00Z') {
    this.#wallMs = typeof wall === 'string' ? Date.parse(wall) : wall;
  }

  readonly nowMs = (): number => this.#wallMs;
  readonly monotonicMs = (): number => this.#monotonicMs;

  /** Time passes on both. */
  advance(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }

  /** Somebody sets the system's clock. */
  setWall(wall: string | number): void {
    this.#wallMs = typeof wall === 'string' ? Date.parse(wall) : wall;
  }
}
