// One line of the journal: `crc32 kind id json\n`. Pure: encoding, decoding, and telling good lines from foreign bytes.
import { latin1Write, utf8Write } from '../lib/raw-text.ts';

/** `S` a request has started; `E` its final usage event. */
export type RecordKind = 'S' | 'E';

/** First line of every segment; a file without it is not ours. */
export const SEGMENT_HEADER = 'tollgate-journal 1\n';

/** Longest line. An event is about 2 KB; only errors in our own bounds could pass this. */
export const RECORD_BYTES_MAX = 262_144;

const NEWLINE = 10;
const SPACE = 32;
const HEX_DIGITS = Buffer.from('0123456789abcdef');
const KINDS: ReadonlyMap<number, RecordKind> = new Map([
  [83, 'S'],
  [69, 'E'],
]);
const CRC_DIGITS = 8;

/** A record as it is to be written. */
export interface JournalLine {
  readonly kind: RecordKind;
  readonly id: string;
  readonly json: string;
}

/** Where a whole record's parts stand in the bytes that were decoded. */
export interface JournalRecord {
  readonly kind: RecordKind;
  readonly idStart: number;
  readonly idEnd: number;
  readonly jsonStart: number;
  readonly jsonEnd: number;
}

export interface DecodedLines {
  readonly records: readonly JournalRecord[];
  /** Ranges that are no record of ours: torn, flipped or foreign. */
  readonly bad: readonly { readonly start: number; readonly end: number }[];
  /** Bytes up to the last newline; what follows may still be growing. */
  readonly consumed: number;
}

/** Writes one line into `target` from `start` on and answers its length, or -1 when it does not fit. */
export function encodeRecord(target: Buffer, start: number, { kind, id, json }: JournalLine): number {
  const room = target.length - start - CRC_DIGITS - 5 - id.length;
  if (json.length * 3 > room && Buffer.byteLength(json) > room) return -1;
  const bodyStart = start + CRC_DIGITS + 1;
  // In two parts: joined first, the text would be copied once more.
  let end = bodyStart + latin1Write(target, `${kind} ${id} `, bodyStart);
  end += utf8Write(target, json, end);
  writeHex(target, start, Bun.hash.crc32(target.subarray(bodyStart, end)));
  target[bodyStart - 1] = SPACE;
  target[end] = NEWLINE;
  return end + 1 - start;
}

/** Reads whole lines from `bytes[start..end)`. The segment's header line counts as neither good nor bad. */
export function decodeLines(bytes: Buffer, start: number, end: number): DecodedLines {
  const records: JournalRecord[] = [];
  const bad: { start: number; end: number }[] = [];
  let at = start;
  while (at < end) {
    const newline = bytes.indexOf(NEWLINE, at);
    if (newline === -1 || newline >= end) break;
    const record = decodeLine(bytes, at, newline);
    if (record) records.push(record);
    else if (bytes.toString('latin1', at, newline + 1) !== SEGMENT_HEADER) addBad(bad, at, newline + 1);
    at = newline + 1;
  }
  return { records, bad, consumed: at - start };
}

function decodeLine(bytes: Buffer, start: number, newline: number): JournalRecord | null {
  const bodyStart = start + CRC_DIGITS + 1;
  if (newline - bodyStart < 5) return null;
  if (readHex(bytes, start) !== Bun.hash.crc32(bytes.subarray(bodyStart, newline))) return null;
  const kind = KINDS.get(bytes[bodyStart] ?? 0);
  const idStart = bodyStart + 2;
  const idEnd = bytes.indexOf(SPACE, idStart);
  if (!kind || idEnd === -1 || idEnd >= newline) return null;
  return { kind, idStart, idEnd, jsonStart: idEnd + 1, jsonEnd: newline };
}

/** Eight lower-case digits. */
function writeHex(target: Buffer, start: number, value: number): void {
  for (let at = start + CRC_DIGITS - 1, rest = value; at >= start; at--, rest >>>= 4)
    target[at] = HEX_DIGITS[rest & 15] ?? 0;
}

/** The checksum's lower-case digits as a number, or -1: without a string for each line. */
function readHex(bytes: Buffer, start: number): number {
  let value = 0;
  for (let at = start; at < start + CRC_DIGITS; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 48 && byte <= 57) value = value * 16 + byte - 48;
    else if (byte >= 97 && byte <= 102) value = value * 16 + byte - 87;
    else return -1;
  }
  return value;
}

function addBad(bad: { start: number; end: number }[], start: number, end: number): void {
  const last = bad.at(-1);
  if (last && last.end === start) last.end = end;
  else bad.push({ start, end });
}
