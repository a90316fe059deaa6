// T3: at least 8 characters, long pass phrases welcome, no composition rule, Unicode as typed, the 3,000 most common refused.
import { expect, test } from 'bun:test';
import { passwordFault } from '../../src/core/password-policy.ts';
import { isCommonPassword } from '../../src/services/passwords/known-passwords.ts';

const fault = (password: string, username = 'alice') =>
  passwordFault(password, { username, isCommon: isCommonPassword });

test.each([
  ['', 'Password cannot be empty'],
  ['short77', 'at least 8'],
  ['x'.repeat(513), 'at most 512'],
  ['Password', 'most common'],
  ['QWERTYUIOP', 'most common'],
  ['trustno1', 'most common'],
  ['mmmmmmmmmm', 'repeated'],
  ['ALICE-BERG', 'must not be the username'],
])('refuses %p', (password, words) => {
  expect(fault(password, 'alice-berg')).toContain(words);
});

test.each(['tiger lamp', 'correct horse battery staple', 'ÄÖÜßæøå密码', '        9', 'x1'.repeat(100)])(
  'accepts %p',
  (password) => {
    expect(fault(password)).toBeNull();
  },
);

test('the list holds its 3,000 entries and no line of its heading', () => {
  expect(isCommonPassword('sunshine')).toBe(true);
  expect(isCommonPassword('# Source')).toBe(false);
  expect(isCommonPassword('')).toBe(false);
});
