// Builds a call's arguments from Gemini's `partialArgs`: values at JSON paths, strings in pieces. Never throws.
// Bounds hold against paths that would make a huge or a poisoned object.
import { asString, type Json, type JsonObject } from '../../lib/json.ts';
import { objectsOf } from './reasoning.ts';

const PATH_STEPS_MAX = 64;
const ARRAY_INDEX_MAX = 10_000;
const PIECES_MAX = 100_000;
const CHARS_MAX = 8 * 1024 * 1024;
const STEP = /\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/g;

type Container = JsonObject | Json[];

export class PartialArguments {
  readonly #root: JsonObject = {};
  /** The path whose string goes on in the next piece. */
  #open: string | null = null;
  #pieces = 0;
  #chars = 0;

  add(pieces: Json | undefined): void {
    for (const piece of objectsOf(pieces)) {
      const path = asString(piece.jsonPath);
      if (path === null || ++this.#pieces > PIECES_MAX) continue;
      this.#chars += path.length + (asString(piece.stringValue)?.length ?? 0);
      if (this.#chars > CHARS_MAX) continue;
      this.#set(path, piece);
      this.#open = piece.willContinue === true ? path : null;
    }
  }

  text(): string {
    return JSON.stringify(this.#root);
  }

  #set(path: string, piece: JsonObject): void {
    const steps = readPath(path);
    const last = steps.at(-1);
    if (last === undefined) return;
    let at: Container = this.#root;
    steps.slice(0, -1).forEach((step, position) => {
      at = descend(at, step, typeof steps[position + 1] === 'number');
    });
    const earlier = read(at, last);
    const value = valueIn(piece);
    const grows = path === this.#open && typeof earlier === 'string' && typeof value === 'string';
    write(at, last, grows ? earlier + value : value);
  }
}

function readPath(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  for (const match of path.matchAll(STEP)) {
    const name = match[1] ?? match[3] ?? match[4];
    const step = name === undefined ? Number(match[2]) : name.replace(/\\(.)/g, '$1');
    if (step === '__proto__' || (typeof step === 'number' && step > ARRAY_INDEX_MAX)) return [];
    steps.push(step);
  }
  return steps.length > PATH_STEPS_MAX ? [] : steps;
}

function descend(container: Container, step: string | number, wantsArray: boolean): Container {
  const next = read(container, step);
  if (typeof next === 'object' && next !== null) return next;
  const made: Container = wantsArray ? [] : {};
  write(container, step, made);
  return made;
}

function read(container: Container, step: string | number): Json | undefined {
  if (Array.isArray(container)) return typeof step === 'number' ? container[step] : undefined;
  return Object.hasOwn(container, step) ? container[step] : undefined;
}

function write(container: Container, step: string | number, value: Json): void {
  if (!Array.isArray(container)) container[step] = value;
  else if (typeof step === 'number') {
    while (container.length < step) container.push(null);
    container[step] = value;
  }
}

function valueIn(piece: JsonObject): Json {
  if (piece.stringValue !== undefined) return asString(piece.stringValue) ?? '';
  return piece.numberValue ?? piece.boolValue ?? null;
}
