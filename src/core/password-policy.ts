// Which passwords are accepted: a pure rule. Length and commonness only; never a composition rule (ASVS V6.2.5).

export const PASSWORD_CHARS_MIN = 8;
/** Far above any pass phrase; bounds the work one sign-in can ask for. */
export const PASSWORD_CHARS_MAX = 512;

/** Why the password is refused, as one sentence for the person who chose it, or null when it is accepted. */
export function passwordFault(
  password: string,
  facts: { readonly username: string; readonly isCommon: (password: string) => boolean },
): string | null {
  if (password === '') return 'Password cannot be empty';
  const length = [...password].length;
  if (length < PASSWORD_CHARS_MIN) return `Password must have at least ${PASSWORD_CHARS_MIN} characters`;
  if (length > PASSWORD_CHARS_MAX) return `Password must have at most ${PASSWORD_CHARS_MAX} characters`;
  const plain = password.toLowerCase();
  if (plain === facts.username.toLowerCase()) return 'Password must not be the username';
  if (new Set(plain).size === 1) return 'Password must not be one character repeated';
  if (facts.isCommon(plain)) return 'Password is one of the most common ones; choose another';
  return null;
}
