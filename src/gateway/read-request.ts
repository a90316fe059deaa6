// The step that turns bytes into a parsed body. Refuses what is not a JSON object in valid UTF-8.
import { appError } from '../errors/app-error.ts';
import { readBody } from '../http/read-body.ts';
import { asObject, type JsonObject } from '../lib/json.ts';
import { REPLACED, utf8Slice } from '../lib/raw-text.ts';
import { outlineOf } from '../protocol/openai-chat/rewrite-body.ts';
import type { RequestBody } from './exchange.ts';

/** Deeper nesting serves nobody and can exhaust the stack of a parser further on. */
const JSON_DEPTH_MAX = 512;

const decoder = new TextDecoder('utf-8', { fatal: true });
/** The first byte of a byte order mark in UTF-8. No JSON begins with it, and it is no part of the text. */
const MARK_BEGINS = 0xef;

/** Throws AppError 400, 408, 413 or 415 with what is wrong. */
export async function readJsonRequest(
  request: Request,
  limits: { readonly bytesMax: number; readonly timeoutMs: number },
): Promise<RequestBody> {
  judgeContentType(request);
  return parseBody(await readBody(request, limits.bytesMax, limits.timeoutMs));
}

/** Throws AppError `unsupported_media_type` for what cannot be JSON. */
export function judgeContentType(request: Request): void {
  const type = request.headers.get('content-type');
  // curl -d says form-urlencoded whatever the body is; a body that is JSON is taken as JSON.
  if (
    type !== null &&
    type !== 'application/json' &&
    !/^(application\/(\w+\+)?json|text\/plain|application\/x-www-form-urlencoded)\s*(;|$)/i.test(type)
  ) {
    throw appError('unsupported_media_type', {
      params: { detail: 'The body must be JSON. Send content-type: application/json.' },
    });
  }
}

/**
 * The body as text and as an object. Throws AppError `invalid_json`, or `invalid_request` for what is no object, is too deep, or
 * repeats a key that decides rights or accounting.
 */
export function parseBody(bytes: Uint8Array): RequestBody {
  if (bytes.byteLength === 0) throw appError('invalid_json', { params: { detail: 'it is empty' } });
  const text = decode(bytes);
  const json = parse(text);
  if (!json)
    throw appError('invalid_request', { params: { detail: 'The request body must be a JSON object' } });
  const outline = outlineOf(text);
  if (outline.depth > JSON_DEPTH_MAX) {
    throw appError('invalid_request', {
      params: { detail: `The request body is nested deeper than ${JSON_DEPTH_MAX} levels` },
    });
  }
  const { repeated: param } = outline;
  if (param !== null)
    throw appError('invalid_request', { params: { detail: `'${param}' appears more than once` }, param });
  const { byteLength } = bytes;
  return { text, bytes: bytes[0] === MARK_BEGINS ? null : bytes, json, byteLength, outline };
}

/** The runtime's plain conversion is the fastest. What it could not read, or began with a mark, is looked at again. */
function decode(bytes: Uint8Array): string {
  const text = utf8Slice(bytes, 0, bytes.length);
  if (!text.includes(REPLACED) && bytes[0] !== MARK_BEGINS) return text;
  try {
    return decoder.decode(bytes);
  } catch {
    throw appError('invalid_json', { params: { detail: 'it is not valid UTF-8' } });
  }
}

function parse(text: string): JsonObject | null {
  try {
    return asObject(JSON.parse(text));
  } catch (error) {
    const detail =
      error instanceof Error ? error.message.replace(/^JSON Parse error: /, '') : 'it cannot be read';
    throw appError('invalid_json', { params: { detail: detail.slice(0, 120) } });
  }
}
