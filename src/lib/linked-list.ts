// A doubly linked list whose members carry their own links. For what comes and goes with every request.
//
// A Set or a Map that is added to and deleted from all the time replaces its table again and again, and JavaScriptCore chains
// the old tables to the new ones: once one of them is old enough, all that any of them ever held survives every collection
// but the full ones (docs/performance.md has the figures). A member that is unlinked here leaves nothing behind.

/** What members extend. The fields are the list's own. */
export abstract class Linked {
  /** Null while it is in no list. */
  list: LinkedList<Linked> | null = null;
  before: Linked | null = null;
  after: Linked | null = null;
}

/** In the order of coming. */
export class LinkedList<T extends Linked> implements Iterable<T> {
  #first: T | null = null;
  #last: T | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | null {
    return this.#first;
  }

  has(member: T): boolean {
    return member.list === this;
  }

  /** Puts it at the end. A member belongs to one list at a time: one that is in a list already stays where it is. */
  add(member: T): void {
    if (member.list !== null) return;
    member.list = this;
    const last = this.#last;
    member.before = last;
    if (last) last.after = member;
    else this.#first = member;
    this.#last = member;
    this.#size += 1;
  }

  /** False when it is not in this list. */
  remove(member: T): boolean {
    if (member.list !== this) return false;
    const { before, after } = member;
    if (before) before.after = after;
    else this.#first = after as T | null;
    if (after) after.before = before;
    else this.#last = before as T | null;
    // One that lives on must not keep its former neighbours alive.
    member.list = null;
    member.before = null;
    member.after = null;
    this.#size -= 1;
    return true;
  }

  /** The member at hand may be removed meanwhile, no other. */
  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#first; at; ) {
      const next: T | null = at.after as T | null;
      yield at;
      at = next;
    }
  }
}
