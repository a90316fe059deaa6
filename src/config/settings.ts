// Every setting of the environment: name, default, unit, reason. docs/configuration.md lists the same, held by a test.
// Settings with structure live in tollgate.yaml: see yaml-schema.ts.
import { z } from 'zod';

const TRUE = new Set(['1', 'true', 'yes', 'on']);
const FALSE = new Set(['0', 'false', 'no', 'off', '']);

const flag = z.string().transform((text, context) => {
  const word = text.trim().toLowerCase();
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  context.addIssue({ code: 'custom', message: 'allowed: true or false' });
  return z.NEVER;
});

function integer(min: number, max: number) {
  return z.string().transform((text, context) => {
    const value = Number(text.trim());
    if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
    context.addIssue({ code: 'custom', message: `allowed: a whole number from ${min} to ${max}` });
    return z.NEVER;
  });
}

/** Given in seconds, decimals allowed; held in milliseconds. */
function seconds(min: number, max: number) {
  return z.string().transform((text, context) => {
    const value = Number(text.trim());
    if (text.trim() !== '' && Number.isFinite(value) && value >= min && value <= max) {
      return Math.round(value * 1000);
    }
    context.addIssue({ code: 'custom', message: `allowed: a number of seconds from ${min} to ${max}` });
    return z.NEVER;
  });
}

function oneOf<const T extends readonly string[]>(words: T) {
  return z.string().transform((text, context): T[number] => {
    const word = text.trim().toLowerCase();
    if (words.includes(word)) return word;
    context.addIssue({ code: 'custom', message: `allowed: ${words.join(', ')}` });
    return z.NEVER;
  });
}

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const text = z.string().transform((value) => value.trim());

const KIB = 1024;

interface Setting<T, F> {
  readonly read: z.ZodType<T, string>;
  /** As it would be written in the environment; null means unset. */
  readonly fallback: F;
  readonly about: string;
  readonly secret: boolean;
}

function setting<T, F extends string | null>(
  read: z.ZodType<T, string>,
  fallback: F,
  about: string,
): Setting<T, F> {
  return { read, fallback, about, secret: false };
}

function secretSetting(about: string): Setting<string, null> {
  return { read: text, fallback: null, about, secret: true };
}

export const SETTINGS = {
  // server
  HOST: setting(text, '127.0.0.1', 'Address to listen on. Others can reach it only when you change this.'),
  PORT: setting(integer(0, 65_535), '8000', 'Port to listen on; 0 picks a free one.'),
  DATA_DIR: setting(text, './data', 'Folder of the database, the journal and the generated secrets.'),
  DATABASE_URL: setting(
    text,
    null,
    'Where the database is, `sqlite:///path`. Unset: `DATA_DIR/tollgate.db`.',
  ),
  TOLLGATE_CONFIG: setting(text, null, 'Path of tollgate.yaml. Unset: `./tollgate.yaml` when it exists.'),
  APP_ENV: setting(
    oneOf(['dev', 'prod', 'production']),
    'dev',
    '`prod` demands secrets, and cookies over TLS only.',
  ),
  LOG_LEVEL: setting(
    oneOf(['debug', 'info', 'warn', 'error', 'silent']),
    'info',
    'Least severe log line that is written.',
  ),
  PUBLIC_URL: setting(
    text,
    null,
    'Address under which people reach this server, for links and origin checks.',
  ),
  TRUSTED_PROXIES: setting(
    list,
    '',
    'Addresses or CIDR ranges of reverse proxies whose X-Forwarded-* headers count.',
  ),
  SHUTDOWN_GRACE_SECONDS: setting(
    seconds(0, 3600),
    '30',
    'Seconds that running streams may go on after SIGTERM.',
  ),
  DEMO_PROVIDER: setting(
    oneOf(['auto', 'on', 'off']),
    'auto',
    'The built-in demo models; `auto` is on while no provider is configured.',
  ),
  // who may call
  AUTH_MODE: setting(
    oneOf(['users', 'legacy', 'both']),
    'both',
    '`users`: API keys of accounts; `legacy`: only PROXY_API_KEY; `both`.',
  ),
  PROXY_API_KEY: secretSetting('Master key: role admin, no user. Unset: no master key works.'),
  API_TOKEN_PEPPER: secretSetting(
    'Key of the API key hashes. Generated in development; demanded in production.',
  ),
  API_TOKEN_PEPPER_PREVIOUS: secretSetting(
    'The pepper before this one: keys hashed under it go on working and are rehashed when used.',
  ),
  SESSION_SECRET: secretSetting(
    'Key of session and CSRF hashes. Generated in development; demanded in production.',
  ),
  MASTER_KEY: secretSetting(
    'Key that encrypts stored provider credentials. Generated in development; demanded in production.',
  ),
  ALLOW_INSECURE_DEFAULTS: setting(
    flag,
    'false',
    'Lets production start with missing or weak secrets. Warns loudly; never use it for real.',
  ),
  INITIAL_ADMIN_USERNAME: setting(text, null, 'Admin created at start when that name does not exist.'),
  INITIAL_ADMIN_PASSWORD: secretSetting('Password of that admin.'),
  SESSION_TTL_SECONDS: setting(
    seconds(60, 31_536_000),
    '86400',
    'Absolute lifetime of a sign-in, in seconds.',
  ),
  SESSION_IDLE_SECONDS: setting(
    seconds(60, 31_536_000),
    '43200',
    'A sign-in unused for this many seconds ends.',
  ),
  SESSION_COOKIE_SECURE: setting(flag, null, 'Secure flag of the cookie. Unset: on in production.'),
  SESSION_COOKIE_SAMESITE: setting(
    oneOf(['lax', 'strict', 'none']),
    'lax',
    'SameSite of the cookie; `none` forces Secure.',
  ),
  CORS_ALLOW_ORIGINS: setting(list, '', 'Origins that browsers may call from. Empty: none.'),
  CORS_ALLOW_CREDENTIALS: setting(
    flag,
    'false',
    'Lets those origins send cookies. Refused together with `*`.',
  ),
  CORS_ALLOW_METHODS: setting(list, 'GET,POST,PUT,PATCH,DELETE,OPTIONS', 'Methods for those origins.'),
  CORS_ALLOW_HEADERS: setting(
    list,
    'Authorization,Content-Type,X-API-Key,X-Requested-With,X-CSRF-Token',
    'Headers for those origins.',
  ),
  METRICS_TOKEN: secretSetting('Bearer token that opens /metrics. Unset: only this machine may read it.'),
  // requests
  BODY_BYTES_MAX: setting(
    integer(KIB, 1024 * KIB * KIB),
    String(32 * KIB * KIB),
    'Largest request body in bytes; 32 MiB holds a page of images in base64.',
  ),
  BODY_READ_SECONDS: setting(seconds(1, 3600), '60', 'Seconds in which a request body must have arrived.'),
  GLOBAL_TIMEOUT: setting(
    seconds(1, 86_400),
    '600',
    'Seconds over all attempts until an answer has begun, or is there when it is not streamed.',
  ),
  TIMEOUT_CONNECT: setting(
    seconds(0.1, 3600),
    '30',
    'Read for the predecessor’s sake: connecting counts as waiting for the first byte, see TIMEOUT_FIRST_BYTE.',
  ),
  TIMEOUT_FIRST_BYTE: setting(
    seconds(0.1, 3600),
    '60',
    'Seconds until a stream must begin when another provider key or model may still be tried; models that think may send nothing for long.',
  ),
  TIMEOUT_WRITE: setting(
    seconds(0.1, 3600),
    '30',
    'Seconds a caller may take none of its answer before it is cut off.',
  ),
  TIMEOUT_POOL: setting(seconds(0.1, 3600), '60', 'Seconds to wait for a free provider key.'),
  TIMEOUT_READ_STREAMING: setting(
    seconds(0.1, 86_400),
    '300',
    'Seconds of silence after which a stream counts as dead.',
  ),
  TIMEOUT_READ_NON_STREAMING: setting(
    seconds(0.1, 86_400),
    '600',
    'Seconds for a whole answer that is not streamed.',
  ),
  OVERRIDE_TEMPERATURE_ZERO: setting(
    oneOf(['false', 'remove', 'set', 'true', '1', 'yes']),
    'false',
    'Chat only: `remove` drops a temperature of 0, `set` makes it 1.0.',
  ),
  ERROR_MESSAGE_MAX_CHARS: setting(integer(64, 10_000), '500', 'Longest error text kept in the ledger.'),
  ALLOW_PRIVATE_UPSTREAMS: setting(
    list,
    '',
    'CIDR ranges in which providers added by an admin may lie; private ranges are refused otherwise.',
  ),
  UPSTREAM_CLIENT: setting(
    oneOf(['own', 'fetch']),
    'own',
    'Who calls providers: `own`: Tollgate, over connections that it keeps; `fetch`: the runtime, as a way out should a provider not get along with the former.',
  ),
  // ledger
  USAGE_RETENTION_DAYS: setting(
    integer(1, 36_500),
    '30',
    'Days that single usage events are kept; daily totals stay.',
  ),
  JOURNAL_BYTES_MAX: setting(
    integer(KIB * KIB, 1024 * KIB * KIB * KIB),
    String(1024 * KIB * KIB),
    'Largest journal while the database is away; JOURNAL_FULL says what happens then.',
  ),
  JOURNAL_FULL: setting(
    oneOf(['refuse', 'serve_uncounted']),
    'refuse',
    'At the journal bound: refuse requests, or serve keys without a budget uncounted.',
  ),
  JOURNAL_SYNC: setting(
    oneOf(['grouped', 'strict']),
    'grouped',
    '`grouped` syncs within 50 ms; `strict` syncs before the last byte of each answer.',
  ),
  TIMEZONE: setting(text, 'UTC', 'IANA time zone in which budgets of days, weeks and months begin.'),
  SQLITE_BUSY_TIMEOUT_MS: setting(
    integer(0, 600_000),
    '5000',
    'Milliseconds a write waits for another process before it is tried again.',
  ),
  // providers
  MODEL_INFO_REFRESH_INTERVAL: setting(
    seconds(60, 31_536_000),
    '21600',
    'Seconds between refreshes of the model lists of providers.',
  ),
  SMALL_COOLDOWN_RETRY_THRESHOLD: setting(
    seconds(0, 3600),
    '10',
    'Seconds; a shorter wait is waited out on the same provider key.',
  ),
  EXHAUSTION_COOLDOWN_THRESHOLD: setting(
    seconds(1, 31_536_000),
    '300',
    'Seconds; a cool-down this long marks a provider key as exhausted.',
  ),
  ROTATION_TOLERANCE: setting(
    z.string().transform(Number).pipe(z.number('allowed: a number from 0 to 1000').min(0).max(1000)),
    '3.0',
    'Weight of chance in balanced rotation; 0 always takes the least used key.',
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;

type ValueOf<S> = S extends Setting<infer T, infer F> ? (F extends null ? T | null : T) : never;

export type Settings = { readonly [Name in SettingName]: ValueOf<(typeof SETTINGS)[Name]> };
