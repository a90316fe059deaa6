// Reads the body of a control-plane request: JSON, small, and refused before it is buffered when it is not.
import { appError } from '../../errors/app-error.ts';
import { parseJson } from '../../lib/json.ts';

/** The largest sensible body here is a list of 200 model globs; 256 KiB is far above it. */
export const API_BODY_BYTES_MAX = 256 * 1024;

/** The parsed JSON, or undefined when the body is empty. Throws AppError 400, 413 or 415. */
export async function readJsonBody(request: Request): Promise<unknown> {
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') {
    throw appError('unsupported_media_type', { params: { detail: 'Compressed bodies are not accepted.' } });
  }
  const text = await readText(request);
  if (text === '') return undefined;
  // Only JSON: the other types are those that a foreign page may send without being asked (security.md T12).
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    const detail = 'Send the body as JSON, with Content-Type: application/json.';
    throw appError('unsupported_media_type', { params: { detail } });
  }
  const value = parseJson(text);
  if (value === undefined) throw appError('invalid_json', { params: { detail: 'it cannot be parsed.' } });
  return value;
}

async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > API_BODY_BYTES_MAX) throw tooLarge();
  if (!request.body) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > API_BODY_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw appError('invalid_json', { params: { detail: 'it is not UTF-8.' } });
  }
}

function tooLarge() {
  return appError('invalid_body_size', { params: { limit: API_BODY_BYTES_MAX } });
}
