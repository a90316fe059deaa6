// The tables as Kysely sees them: one interface per table, the same names as the migrations.
import type { ColumnType } from 'kysely';
import type { BudgetPeriod } from '../core/limits/budget-period.ts';
import type { LimitKind, LimitScope } from '../core/limits/limit.ts';
import type { UsageSchema } from './usage-schema.ts';

export interface UserTable {
  id: string;
  username: string;
  /** PHC string (argon2id) or the predecessor's pbkdf2_sha256; null: cannot sign in. */
  password_hash: string | null;
  role: 'admin' | 'user';
  is_active: 0 | 1;
  created_ms: number;
  last_login_ms: number | null;
  imported_id: number | null;
  /** JSON list of globs that bind all keys of this user, or null for all. */
  models: ColumnType<string | null, string | null | undefined, string | null>;
  /** JSON list of addresses and CIDR ranges that bind all keys of this user, or null for all. */
  addresses: ColumnType<string | null, string | null | undefined, string | null>;
}

export interface ApiKeyTable {
  id: string;
  user_id: string;
  name: string;
  token_prefix: string;
  /** Hex; how it was made stands in hash_kind. */
  token_hash: string;
  hash_kind: 'hmac' | 'legacy';
  /** JSON list of `use` and `admin`. */
  scopes: string;
  /** JSON list of globs, or null for all. */
  models: string | null;
  /** JSON list of addresses and CIDR ranges, or null for all. */
  addresses: string | null;
  /** JSON list. */
  tags: string;
  on_hang_up: 'cancel' | 'drain';
  created_ms: number;
  expires_ms: number | null;
  revoked_ms: number | null;
  last_used_ms: number | null;
  rotated_from: string | null;
  imported_id: number | null;
}

export interface SessionTable {
  id: string;
  user_id: string;
  /** SHA-256 of the cookie's token, hex: the token itself is 256 random bits and is never stored. */
  token_hash: string;
  created_ms: number;
  last_seen_ms: number;
  expires_ms: number;
  address: string | null;
  user_agent: string | null;
}

export interface SignInThrottleTable {
  /** `pair:`, `account:` or `address:` and a hash: what was typed as a name may be somebody's password. */
  subject: string;
  failures: number;
  last_ms: number;
  blocked_until_ms: number;
}

/** Append-only: the store refuses updates and deletes of its rows. */
export interface AuditLogTable {
  id: string;
  time_ms: number;
  actor_kind: 'user' | 'system' | 'anonymous';
  actor_id: string | null;
  actor_name: string;
  /** The admin API key that was used, when it was not a session. */
  key_id: string | null;
  action: string;
  target_kind: string | null;
  target_id: string | null;
  target_name: string | null;
  /** JSON objects without secrets. */
  before_json: string | null;
  after_json: string | null;
  address: string | null;
  request_id: string | null;
}

/** Counters that rise with every change of what processes keep in memory. */
export interface VersionTable {
  name: string;
  number: number;
}

export interface ProviderCredentialTable {
  id: string;
  provider: string;
  label: string;
  /** See core/identity/sealed-secret.ts; the id is part of what is authenticated. */
  sealed: string;
  /** For people: the first and last characters at most. */
  masked: string;
  /** Lower goes first; null shares the last tier. */
  priority: number | null;
  /** Only for providers without a URL of their own. */
  base_url: string | null;
  created_ms: number;
}

/** Credentials of any source that were switched off. */
export interface DisabledCredentialTable {
  credential_id: string;
  disabled_ms: number;
}

/** What the pool knew of a credential when it was last saved: JSON, see upstream/pool/pool-state.ts. */
export interface PoolStateTable {
  credential_id: string;
  provider: string;
  state: string;
  saved_ms: number;
}

export interface LimitTable {
  id: string;
  scope: LimitScope;
  /** User or key id; null for the house. */
  scope_id: string | null;
  kind: LimitKind;
  /** Requests, tokens or nano-dollars, by kind. */
  amount: number;
  period: BudgetPeriod | null;
  time_zone: string;
  warn_percent: number | null;
  allow_unpriced: 0 | 1;
  raised_amount: number | null;
  raised_until_ms: number | null;
  created_ms: number;
  updated_ms: number;
}

/** How near a limit came on one UTC day, and how often it refused. */
export interface LimitPeakTable {
  limit_id: string;
  day_ms: number;
  peak_permille: number;
  refusals: number;
}

/** How far the predecessor's database was taken over. */
export interface ImportTable {
  source: string;
  fingerprint: string;
  usage_id: number;
  time_ms: number;
}

export interface StoreSchema extends UsageSchema {
  limits: LimitTable;
  limit_peaks: LimitPeakTable;
  versions: VersionTable;
  users: UserTable;
  api_keys: ApiKeyTable;
  sessions: SessionTable;
  sign_in_throttle: SignInThrottleTable;
  audit_log: AuditLogTable;
  provider_credentials: ProviderCredentialTable;
  disabled_credentials: DisabledCredentialTable;
  pool_states: PoolStateTable;
  imports: ImportTable;
}
