// The tables as Kysely sees them: one interface per table, the same names as the migrations.

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

export interface StoreSchema {
  users: UserTable;
  api_keys: ApiKeyTable;
}
