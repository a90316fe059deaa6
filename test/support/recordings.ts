// Reads the recordings of real providers beside the repository. They are never copied; tests skip when they are absent.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { asObject, type JsonObject, parseJson } from '../../src/lib/json.ts';

const FOLDER = resolve(import.meta.dir, '../../../shared/recordings');

export const HAVE_RECORDINGS = existsSync(join(FOLDER, 'README.md'));

if (!HAVE_RECORDINGS && process.env.TOLLGATE_REQUIRE === 'all') {
  throw new Error(
    'the recordings are required here, and there is no folder ../shared/recordings beside this checkout',
  );
}

/** One row of the index in the recordings' README: the numbers as the provider named them; null for "not reported". */
export interface RecordingRow {
  readonly folder: string;
  readonly file: string;
  readonly endpoint: string;
  readonly streamed: boolean;
  readonly model: string | null;
  readonly input: (number | null)[];
  readonly output: (number | null)[];
  readonly cached: (number | null)[];
  readonly cacheWrite: (number | null)[];
  readonly reasoning: (number | null)[];
  readonly stop: string[];
  readonly features: string;
}

export function recordingIndex(): RecordingRow[] {
  if (!HAVE_RECORDINGS) return [];
  const rows: RecordingRow[] = [];
  let folder = '';
  for (const line of readFileSync(join(FOLDER, 'README.md'), 'utf8').split('\n')) {
    folder = /^### (\S+)\/ \(/.exec(line)?.[1] ?? folder;
    const cells = line.split('|').map((cell) => cell.trim());
    if (folder === '' || !/\.(json|txt|sse)$/.test(cells[1] ?? '')) continue;
    rows.push(readRow(folder, cells));
  }
  return rows;
}

function readRow(folder: string, cells: string[]): RecordingRow {
  const cell = (at: number) => cells[at] ?? '';
  return {
    folder,
    file: cell(1),
    endpoint: cell(2).replaceAll('`', ''),
    streamed: cell(3).startsWith('yes'),
    model: cell(4) === '–' ? null : cell(4),
    input: counts(cell(5)),
    output: counts(cell(6)),
    cached: counts(cell(7)),
    cacheWrite: counts(cell(8)),
    reasoning: counts(cell(9)),
    stop: cell(10)
      .split(',')
      .map((each) => each.trim()),
    features: cell(11),
  };
}

function counts(cell: string): (number | null)[] {
  return cell.split('/').map((each) => (each.trim() === '–' ? null : Number(each)));
}

export function readRecording(row: Pick<RecordingRow, 'folder' | 'file'>): string {
  return readFileSync(join(FOLDER, row.folder, row.file), 'utf8');
}

export function readRecordingJson(row: Pick<RecordingRow, 'folder' | 'file'>): JsonObject {
  return asObject(parseJson(readRecording(row))) ?? {};
}

/** The bytes a provider would have sent for a streamed recording, as the README's table says. */
export function recordingAsSse(row: Pick<RecordingRow, 'folder' | 'file'>): string {
  const text = readRecording(row);
  if (row.file.endsWith('.sse')) return text;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return linesAsSse(row.folder, lines);
}

/** The responses of a file that holds several turns, each as its own stream; one entry for an ordinary file. */
export function recordingTurns(row: Pick<RecordingRow, 'folder' | 'file'>): string[] {
  if (row.file.endsWith('.sse')) return [readRecording(row)];
  const turns: string[][] = [[]];
  for (const line of readRecording(row)
    .split('\n')
    .filter((each) => each.trim() !== '')) {
    if (/^\{"type":"(message_start|response\.created)"/.test(line) && turns.at(-1)?.length) turns.push([]);
    turns.at(-1)?.push(line);
  }
  return turns.map((lines) => linesAsSse(row.folder, lines));
}

function linesAsSse(folder: string, lines: string[]): string {
  if (folder === 'google') return lines.map((line) => `data: ${line}\r\n\r\n`).join('');
  if (folder === 'anthropic' || folder === 'openai/responses')
    return lines.map((line) => `event: ${typeOf(line)}\ndata: ${line}\n\n`).join('');
  return `${lines.map((line) => `data: ${line}\n\n`).join('')}data: [DONE]\n\n`;
}

function typeOf(line: string): string {
  return String(asObject(parseJson(line))?.type ?? 'message');
}
