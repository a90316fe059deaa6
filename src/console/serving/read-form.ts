// Reads a posted form: one encoding, small, refused before it is buffered when it is not.
import { appError } from '../../errors/app-error.ts';

/** The longest form here is a key with its lists; 64 KiB is far above it. */
export const FORM_BYTES_MAX = 64 * 1024;
const FORM_FIELDS_MAX = 200;

/** Fields by name; a name given twice keeps the first value. Throws AppError 413 or 415. */
export async function readForm(request: Request): Promise<Record<string, string>> {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded' || request.headers.has('content-encoding')) {
    const detail = 'Send the form as application/x-www-form-urlencoded.';
    throw appError('unsupported_media_type', { params: { detail } });
  }
  const fields: Record<string, string> = Object.create(null);
  let left = FORM_FIELDS_MAX;
  for (const [name, value] of new URLSearchParams(await readText(request))) {
    left -= 1;
    if (left < 0) throw tooLarge();
    fields[name] ??= value;
  }
  return fields;
}

async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > FORM_BYTES_MAX) throw tooLarge();
  if (!request.body) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > FORM_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge() {
  return appError('invalid_body_size', { params: { limit: FORM_BYTES_MAX } });
}
