// Takes the usage chunk out of a stream whose caller did not ask for it (wire fact F8): the chunk with an empty
// `choices` list and a usage object. Every other byte passes unchanged. Holds back at most one unfinished event.
import { asArray, asObject, parseJson } from '../../lib/json.ts';

/** An unfinished event larger than this is passed on: no usage chunk is that long. */
const HELD_BYTES_MAX = 64 * 1024;

const NOTHING = new Uint8Array();
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

export class UsageWithholder {
  #held: Uint8Array | null = null;

  /** True when nothing is held. */
  get idle(): boolean {
    return this.#held === null;
  }

  /** The bytes that may go out now; possibly none. */
  push(bytes: Uint8Array): Uint8Array {
    const whole = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = null;
    const cut = lastBoundary(whole);
    if (whole.byteLength - cut > HELD_BYTES_MAX) return whole;
    if (cut < whole.byteLength) this.#held = whole.subarray(cut);
    return withoutUsage(whole.subarray(0, cut));
  }

  /** What was held when the stream ended. */
  end(): Uint8Array {
    const rest = this.#held ?? NOTHING;
    this.#held = null;
    return withoutUsage(rest);
  }
}

/** Index after the last blank line, or 0 when there is none. */
function lastBoundary(bytes: Uint8Array): number {
  const { byteLength } = bytes;
  if (bytes[byteLength - 1] === LINE_FEED && isBlankAt(bytes, byteLength - 1)) return byteLength;
  for (let at = byteLength - 1; at > 0; at--) {
    if (bytes[at] === LINE_FEED && isBlankAt(bytes, at)) return at + 1;
  }
  return 0;
}

/** True when the line that ends with the line feed at `at` is empty: LF LF or LF CR LF. */
function isBlankAt(bytes: Uint8Array, at: number): boolean {
  const before = bytes[at - 1];
  return before === LINE_FEED || (before === CARRIAGE_RETURN && bytes[at - 2] === LINE_FEED);
}

function withoutUsage(bytes: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.indexOf('"usage"') < 0) return bytes;
  const kept: Uint8Array[] = [];
  let start = 0;
  while (start < buffer.byteLength) {
    const end = nextBoundary(buffer, start);
    const event = buffer.subarray(start, end);
    if (!isUsageChunk(event.toString('utf8'))) kept.push(event);
    start = end;
  }
  return kept.length === 1 ? (kept[0] ?? NOTHING) : Buffer.concat(kept);
}

function nextBoundary(buffer: Buffer, from: number): number {
  for (let at = buffer.indexOf(LINE_FEED, from); at >= 0; at = buffer.indexOf(LINE_FEED, at + 1)) {
    if (at > from && isBlankAt(buffer, at)) return at + 1;
  }
  return buffer.byteLength;
}

function isUsageChunk(event: string): boolean {
  if (!event.includes('"usage"')) return false;
  const data = /^data: ?(.*?)\r?$/m.exec(event)?.[1];
  const chunk = asObject(parseJson(data ?? ''));
  return chunk !== null && asArray(chunk.choices)?.length === 0 && asObject(chunk.usage) !== null;
}
