// Sessions of signed-in people: opened, found, rotated and ended here. The token lives in the cookie only;
// the store keeps its hash, and the CSRF token is derived from it, so that neither can be read out of the database.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Principal, RequestOrigin } from '../../core/principal.ts';
import type { Clock } from '../../lib/clock.ts';
import { newId, randomToken } from '../../lib/id.ts';
import type { Store } from '../../store/open-store.ts';
import type { StoreSchema } from '../../store/schema.ts';
import {
  deleteOldSessions,
  findSessionByHash,
  insertSession,
  listSessionsOfUser,
  type SessionRow,
  touchSession,
  trimSessionsOfUser,
} from '../../store/sessions.ts';

type Db = Kysely<StoreSchema>;

const TOKEN_BYTES = 32;
/** Seconds of idleness are counted with this grain, so that reading pages does not write to the disk each time. */
const TOUCH_EVERY_MS = 60_000;
export const SESSIONS_PER_USER_MAX = 50;
const USER_AGENT_CHARS_MAX = 300;

export interface LiveSession {
  readonly token: string;
  readonly principal: Principal & { readonly sessionId: string };
  readonly csrfToken: string;
  readonly createdMs: number;
  readonly expiresMs: number;
}

export interface Sessions {
  /** Opens a session inside the caller's transaction and returns its token, which is never readable again. */
  readonly open: (db: Db, userId: string, origin: RequestOrigin) => Promise<OpenedSession>;
  /** The live session of this token, or null when there is none, it is over, or its owner is disabled. */
  readonly find: (token: string) => Promise<LiveSession | null>;
  /** Live sessions of a user, newest first. */
  readonly list: (userId: string) => Promise<SessionRow[]>;
}

export interface OpenedSession {
  readonly id: string;
  readonly token: string;
  readonly csrfToken: string;
  readonly expiresMs: number;
}

export function createSessions(parts: {
  readonly store: Store;
  readonly clock: Clock;
  /** A session is over so long after it began … */
  readonly ttlMs: number;
  /** … or when nothing was asked with it for so long. */
  readonly idleMs: number;
}): Sessions {
  const { store, clock, ttlMs, idleMs } = parts;

  async function open(db: Db, userId: string, origin: RequestOrigin): Promise<OpenedSession> {
    const nowMs = clock.nowMs();
    const token = randomToken(TOKEN_BYTES);
    const row: SessionRow = {
      id: newId('ses'),
      user_id: userId,
      token_hash: hashToken(token),
      created_ms: nowMs,
      last_seen_ms: nowMs,
      expires_ms: nowMs + ttlMs,
      address: origin.address,
      user_agent: origin.userAgent?.slice(0, USER_AGENT_CHARS_MAX) ?? null,
    };
    await deleteOldSessions(db, nowMs, nowMs - idleMs);
    await insertSession(db, row);
    await trimSessionsOfUser(db, userId, SESSIONS_PER_USER_MAX);
    return { id: row.id, token, csrfToken: csrfTokenOf(token), expiresMs: row.expires_ms };
  }

  async function find(token: string): Promise<LiveSession | null> {
    if (!isToken(token)) return null;
    const row = await findSessionByHash(store.read, hashToken(token));
    const nowMs = clock.nowMs();
    if (row?.is_active !== 1) return null;
    // A clock that was set back far makes every session look young; the absolute end still holds from its own start.
    if (nowMs >= row.expires_ms || nowMs - row.last_seen_ms >= idleMs) return null;
    if (nowMs - row.last_seen_ms >= Math.min(TOUCH_EVERY_MS, idleMs / 4)) {
      // Not awaited: a database that cannot be written now must not shut out who is signed in.
      touchSession(store.write, row.id, nowMs).catch(() => {});
    }
    return {
      token,
      principal: {
        kind: 'session',
        userId: row.user_id,
        username: row.username,
        role: row.role,
        sessionId: row.id,
        keyId: null,
      },
      csrfToken: csrfTokenOf(token),
      createdMs: row.created_ms,
      expiresMs: row.expires_ms,
    };
  }

  async function list(userId: string): Promise<SessionRow[]> {
    const nowMs = clock.nowMs();
    const limit = SESSIONS_PER_USER_MAX;
    return listSessionsOfUser(store.read, { userId, nowMs, seenAfterMs: nowMs - idleMs, limit });
  }

  return { open, find, list };
}

/** SHA-256 is enough: the token is 256 random bits, there is nothing to guess. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

/** Bound to the session and gone with it; knowing it does not give the session. */
export function csrfTokenOf(sessionToken: string): string {
  return createHmac('sha256', sessionToken).update('tollgate csrf v1').digest('base64url');
}

export function isCsrfTokenOf(sessionToken: string, given: string): boolean {
  const right = Buffer.from(csrfTokenOf(sessionToken));
  const got = Buffer.from(given);
  return got.length === right.length && timingSafeEqual(got, right);
}

function isToken(token: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(token);
}
