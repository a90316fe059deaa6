// The shapes that several routes share. Field names are the predecessor's wherever it had the field.
import { z } from 'zod';
import type { ApiKeyRow, KeyWithUsername } from '../../store/api-keys.ts';
import type { SessionRow } from '../../store/sessions.ts';
import type { UserRow } from '../../store/users.ts';

export const PAGE_MAX = 1000;

export const role = z.enum(['admin', 'user']);
/** Zone-aware UTC: the predecessor's times lacked the zone. */
export const time = z.iso.datetime({ offset: true });
export const scope = z.enum(['use', 'admin']);

export const idParams = z.object({ id: z.string().min(1).max(64) });
export const okAnswer = z.object({ ok: z.literal(true) });

/** A whole page is the default, so that programs written before paging get what they always got. */
export const pageLimit = z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX);
export const pageCursor = z.string().max(200).optional();

export const userItem = z
  .object({
    id: z.string(),
    username: z.string(),
    role,
    is_active: z.boolean(),
    created_at: time,
    last_login_at: time.nullable(),
  })
  .meta({ id: 'User' });

export const keyItem = z
  .object({
    id: z.string(),
    name: z.string(),
    token_prefix: z.string(),
    created_at: time,
    last_used_at: time.nullable(),
    revoked_at: time.nullable(),
    expires_at: time.nullable(),
    scopes: z.array(scope),
    models: z.array(z.string()).nullable(),
    addresses: z.array(z.string()).nullable(),
    tags: z.array(z.string()),
    on_hang_up: z.enum(['cancel', 'drain']),
    rotated_from: z.string().nullable(),
  })
  .meta({ id: 'ApiKey' });

export const ownedKeyItem = keyItem
  .extend({ user_id: z.string(), username: z.string() })
  .meta({ id: 'OwnedApiKey' });

export const issuedKey = keyItem
  .extend({ token: z.string().meta({ description: 'The key itself. Shown here and never again.' }) })
  .meta({ id: 'IssuedApiKey' });

/** What a holder may decide about a key; null means no bound. */
export const keyFieldsBody = {
  expires_at: time.nullable().optional(),
  models: z.array(z.string()).nullable().optional(),
  addresses: z.array(z.string()).nullable().optional(),
  tags: z.array(z.string()).optional(),
  on_hang_up: z.enum(['cancel', 'drain']).optional(),
};

export const createKeyBody = z.strictObject({
  name: z.string(),
  ...keyFieldsBody,
  scopes: z.array(scope).min(1).max(2).optional(),
});

export const updateKeyBody = z.strictObject({ name: z.string().optional(), ...keyFieldsBody });

export const rotateKeyBody = z.strictObject({
  grace_seconds: z
    .number()
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(0)
    .meta({ description: 'Seconds that the old key serves on; 0 ends it at once.' }),
});

export const sessionItem = z
  .object({
    id: z.string(),
    created_at: time,
    last_seen_at: time,
    expires_at: time,
    address: z.string().nullable(),
    user_agent: z.string().nullable(),
    current: z.boolean(),
  })
  .meta({ id: 'Session' });

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

export function isoTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

export function showUser(row: UserRow): z.input<typeof userItem> {
  return {
    id: row.id,
    username: row.username,
    role: row.role,
    is_active: row.is_active === 1,
    created_at: isoTime(row.created_ms),
    last_login_at: isoTimeOrNull(row.last_login_ms),
  };
}

export function showKey(row: ApiKeyRow): z.input<typeof keyItem> {
  return {
    id: row.id,
    name: row.name,
    token_prefix: row.token_prefix,
    created_at: isoTime(row.created_ms),
    last_used_at: isoTimeOrNull(row.last_used_ms),
    revoked_at: isoTimeOrNull(row.revoked_ms),
    expires_at: isoTimeOrNull(row.expires_ms),
    scopes: JSON.parse(row.scopes),
    models: row.models === null ? null : JSON.parse(row.models),
    addresses: row.addresses === null ? null : JSON.parse(row.addresses),
    tags: JSON.parse(row.tags),
    on_hang_up: row.on_hang_up,
    rotated_from: row.rotated_from,
  };
}

export function showOwnedKey(row: KeyWithUsername): z.input<typeof ownedKeyItem> {
  return { ...showKey(row), user_id: row.user_id, username: row.username };
}

export function showSession(row: SessionRow, currentId: string): z.input<typeof sessionItem> {
  return {
    id: row.id,
    created_at: isoTime(row.created_ms),
    last_seen_at: isoTime(row.last_seen_ms),
    expires_at: isoTime(row.expires_ms),
    address: row.address,
    user_agent: row.user_agent,
    current: row.id === currentId,
  };
}
