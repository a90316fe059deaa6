// A first-in first-out queue with a hard maximum, so that no backlog can grow without a name for its limit.

/** Ring buffer of at most `max` items; `push` answers false when it is full and keeps nothing. */
export class BoundedQueue<T> {
  readonly max: number;
  #items: (T | undefined)[];
  #head = 0;
  #size = 0;

  constructor(max: number) {
    this.max = max;
    this.#items = new Array(Math.min(max, 64));
  }

  get size(): number {
    return this.#size;
  }

  push(item: T): boolean {
    if (this.#size >= this.max) return false;
    if (this.#size === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#size) % this.#items.length] = item;
    this.#size += 1;
    return true;
  }

  /** Removes and returns up to `count` items, oldest first. */
  take(count: number): T[] {
    const taken: T[] = [];
    while (taken.length < count && this.#size > 0) {
      taken.push(this.#items[this.#head] as T);
      this.#items[this.#head] = undefined;
      this.#head = (this.#head + 1) % this.#items.length;
      this.#size -= 1;
    }
    return taken;
  }

  #grow(): void {
    const grown: (T | undefined)[] = new Array(Math.min(this.max, this.#items.length * 2));
    for (let i = 0; i < this.#size; i++) grown[i] = this.#items[(this.#head + i) % this.#items.length];
    this.#items = grown;
    this.#head = 0;
  }
}
