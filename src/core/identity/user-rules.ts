// Rules about accounts that need no I/O.

export const USERNAME_CHARS_MAX = 128;
export const KEY_NAME_CHARS_MAX = 128;

/** The sentence that says what is wrong with a user name, or null. Names are case-sensitive, as in the predecessor. */
export function judgeUsername(name: string): string | null {
  if (name === '') return 'Username cannot be empty';
  if (name.length > USERNAME_CHARS_MAX) return `Username is longer than ${USERNAME_CHARS_MAX} characters`;
  if (hasControlCharacter(name)) return 'Username contains a control character';
  return null;
}

/** The sentence that says what is wrong with the name of an API key, or null. */
export function judgeKeyName(name: string): string | null {
  if (name === '') return 'API key name cannot be empty';
  if (name.length > KEY_NAME_CHARS_MAX) return `API key name is longer than ${KEY_NAME_CHARS_MAX} characters`;
  if (hasControlCharacter(name)) return 'API key name contains a control character';
  return null;
}

/** Control characters could forge a second log line or colour a terminal. */
function hasControlCharacter(text: string): boolean {
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text);
}
