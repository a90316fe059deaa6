// The only owner of log output. Structured lines on stderr; stdout belongs to commands' results.
// Secrets never arrive here by construction; the redaction below is the second net, not the first.
import pino from 'pino';
import { stderrSink } from './log-sink.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface Log {
  readonly debug: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
  readonly error: (fields: object, message: string) => void;
}

const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'password',
  'token',
  'apiKey',
  'secret',
  'pepper',
  'masterKey',
];
const REDACT_PATHS = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** A logger that writes one JSON object a line to stderr (or `write`), UTC times in ISO 8601. */
export function createLog(options: { level: LogLevel; write?: (line: string) => void }): Log {
  const destination = options.write ? { write: options.write } : stderrSink;
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACT_PATHS, censor: '[redacted]' },
  };
  const logger = pino(settings, destination);
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
