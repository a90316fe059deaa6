// One line of the journal: `crc32 kind id json\n`. Pure: encoding, decoding, and telling good lines from foreign bytes.

/** `S` a request has started; `E` its final usage event. */
export type RecordKind = 'S' | 'E';

/** First line of every segment; a file without it is not ours. */
export const SEGMENT_HEADER = 'tollgate-journal 1\n';

/** Longest line. An event is about 2 KB; only errors in our own bounds could pass this. */
export const RECORD_BYTES_MAX = 262_144;

const NEWLINE = 10;
const CRC_DIGITS = 8;

export interface JournalRecord {
  readonly kind: RecordKind;
  readonly id: string;
  /** Position of the JSON text in the bytes that were decoded. */
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

/** Writes one line into `target` and answers its length, or -1 when it does not fit. */
export function encodeRecord(target: Buffer, kind: RecordKind, id: string, json: string): number {
  if (CRC_DIGITS + 4 + id.length + json.length * 3 > target.length) {
    if (CRC_DIGITS + 4 + id.length + Buffer.byteLength(json) > target.length) return -1;
  }
  let end = CRC_DIGITS + 1;
  end += target.write(`${kind} ${id} `, end, 'latin1');
  end += target.write(json, end, 'utf8');
  const crc = Bun.hash.crc32(target.subarray(CRC_DIGITS + 1, end));
  target.write(`${crc.toString(16).padStart(CRC_DIGITS, '0')} `, 0, 'latin1');
  target[end] = NEWLINE;
  return end + 1;
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
  const crc = Bun.hash.crc32(bytes.subarray(bodyStart, newline)).toString(16).padStart(CRC_DIGITS, '0');
  if (bytes.toString('latin1', start, start + CRC_DIGITS) !== crc) return null;
  const kind = bytes.toString('latin1', bodyStart, bodyStart + 1);
  if (kind !== 'S' && kind !== 'E') return null;
  const idEnd = bytes.indexOf(32, bodyStart + 2);
  if (idEnd === -1 || idEnd >= newline) return null;
  const id = bytes.toString('latin1', bodyStart + 2, idEnd);
  return { kind, id, jsonStart: idEnd + 1, jsonEnd: newline };
}

function addBad(bad: { start: number; end: number }[], start: number, end: number): void {
  const last = bad.at(-1);
  if (last && last.end === start) last.end = end;
  else bad.push({ start, end });
}
