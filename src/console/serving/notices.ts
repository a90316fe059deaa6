// The short messages that follow a change. The address carries a word, never the text: nobody can make a page say something.
import type { Notice } from '../views/frame.ts';

const NOTICES = {
  signed_out: ['good', 'You are signed out.'],
  session_ended: ['plain', 'Your session has ended. Sign in again.'],
  key_revoked: ['good', 'The key is revoked. Programs that use it are refused from now on.'],
  user_disabled: ['good', 'The user is disabled. Their sessions have ended and their keys are refused.'],
  user_enabled: ['good', 'The user is enabled again.'],
  role_changed: ['good', 'The role is changed. Their sessions have ended, so that it holds at once.'],
  password_changed: ['good', 'Your password is changed. All your other sessions have ended.'],
  session_closed: ['good', 'The session has ended.'],
  display_saved: ['good', 'Saved for this browser.'],
  price_saved: ['good', 'The price is saved and counts within a second.'],
  price_removed: ['good', 'The bundled price counts again within a second.'],
  prune_started: ['good', 'The prune has begun.'],
  credential_added: ['good', 'The provider key is saved and in use.'],
  credential_disabled: ['good', 'The provider key is switched off.'],
  credential_enabled: ['good', 'The provider key is switched on.'],
  credential_deleted: ['good', 'The provider key is deleted.'],
  limit_removed: ['good', 'The limit is removed.'],
  limits_saved: ['good', 'The limits are saved and in force.'],
} as const satisfies Record<string, readonly [Notice['tone'], string]>;

export type NoticeWord = keyof typeof NOTICES;

/** The notice that `?done=` names, or null. */
export function noticeOf(query: URLSearchParams): Notice | null {
  const word = query.get('done');
  if (word === null || !Object.hasOwn(NOTICES, word)) return null;
  const [tone, text] = NOTICES[word as NoticeWord];
  return { tone, text };
}

/** The path with a notice to show there. */
export function withNotice(path: string, word: NoticeWord): string {
  return `${path}${path.includes('?') ? '&' : '?'}done=${word}`;
}
