// The one error class that may cross a room's border. The public sentence comes from the catalogue.
import { CATALOGUE, type ErrorCode, type ErrorType } from './catalogue.ts';

export interface AppErrorOptions {
  /** Fills the `{name}` parts of the public sentence. Never put secrets or internals here. */
  readonly params?: Readonly<Record<string, string | number>>;
  /** For the log only. */
  readonly internal?: string;
  readonly cause?: unknown;
  /** Milliseconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfterMs?: number;
  /** The request field at fault, for OpenAI's `error.param`. */
  readonly param?: string;
  /** Extra response headers, for example `x-ratelimit-*`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For errors that speak for a provider: its own status and code instead of the catalogue's. */
  readonly provider?: { readonly status: number; readonly type: string | null; readonly code: string | null };
}

export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly type: ErrorType;
  readonly options: AppErrorOptions;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(fill(CATALOGUE[code].message, options.params), { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = options.provider?.status ?? CATALOGUE[code].status;
    this.type = CATALOGUE[code].type;
    this.options = options;
  }
}

/** `throw appError('key_expired', { internal: … })`. */
export function appError(code: ErrorCode, options: AppErrorOptions = {}): AppError {
  return new AppError(code, options);
}

/** Any thrown value as an AppError; the unknown becomes `internal` with its text kept for the log. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const internal = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new AppError('internal', { internal, cause: error });
}

function fill(message: string, params: AppErrorOptions['params'] = {}): string {
  return message.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
