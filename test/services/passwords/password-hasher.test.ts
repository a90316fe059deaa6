// T1: passwords are stored as argon2id of at least 19456 KiB and 2 passes; older makes verify and are marked outdated.
// T2: however many sign in at once, two hashes run, a bounded number wait, the rest are told to come back.
import { describe, expect, test } from 'bun:test';
import { AppError } from '../../../src/errors/app-error.ts';
import { createPasswordHasher, isOutdatedHash } from '../../../src/services/passwords/password-hasher.ts';
import { parsePbkdf2Hash } from '../../../src/services/passwords/pbkdf2-hash.ts';

const VECTOR = 'pbkdf2_sha256$200000$AAECAwQFBgcICQoLDA0ODw==$HcNPP7WZTnF0EimKIcnRcsVFAPu7Ojiv5P2njmTlTrQ=';
const hasher = createPasswordHasher();

describe('password hashes', () => {
  test('T1: argon2id with the parameters of the policy and a salt of its own', async () => {
    const [one, two] = await Promise.all([hasher.hash('correct horse'), hasher.hash('correct horse')]);
    expect(one).toStartWith('$argon2id$v=19$m=19456,t=2,p=1$');
    expect(one).not.toBe(two);
    const salt = Buffer.from(one.split('$')[4] ?? '', 'base64');
    expect(salt.length).toBeGreaterThanOrEqual(16);
    expect(await hasher.verify('correct horse', one)).toEqual({ ok: true, outdated: false });
    expect(await hasher.verify('correct horsf', one)).toEqual({ ok: false, outdated: false });
  });

  test("T1: the predecessor's hash verifies and is outdated", async () => {
    expect(await hasher.verify('password-123', VECTOR)).toEqual({ ok: true, outdated: true });
    expect(await hasher.verify('password-124', VECTOR)).toEqual({ ok: false, outdated: false });
  });

  test('weaker argon2id parameters are outdated', () => {
    expect(isOutdatedHash('$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$aGFzaA')).toBe(true);
    expect(isOutdatedHash('$argon2id$v=19$m=19456,t=1,p=1$c2FsdHNhbHQ$aGFzaA')).toBe(true);
    expect(isOutdatedHash('$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHQ$aGFzaA')).toBe(false);
  });

  test.each([
    ['an empty password', '', VECTOR],
    ['no stored hash', 'anything', null],
    ['an empty hash', 'anything', ''],
    ['a hash of an unknown make', 'anything', 'md5$abc'],
    ['a torn argon2id hash', 'anything', '$argon2id$v=19$m=19456'],
    ['a pbkdf2 hash without digest', 'anything', 'pbkdf2_sha256$1000$AAAA$'],
    ['the stored hash itself as password', VECTOR, VECTOR],
  ])('%s is a refused sign-in, never an exception', async (_name, password, stored) => {
    expect(await hasher.verify(password, stored)).toEqual({ ok: false, outdated: false });
  });

  test('a pbkdf2 hash cannot ask for unbounded work', () => {
    expect(parsePbkdf2Hash(VECTOR)?.iterations).toBe(200_000);
    expect(parsePbkdf2Hash(VECTOR.replace('200000', '2000000000'))).toBeNull();
    expect(parsePbkdf2Hash(VECTOR.replace('200000', '-5'))).toBeNull();
  });

  test('T3: nothing is cut off: passwords that differ after byte 72 differ', async () => {
    const long = 'a'.repeat(100);
    const stored = await hasher.hash(`${long}1`);
    expect((await hasher.verify(`${long}2`, stored)).ok).toBe(false);
    expect((await hasher.verify(`${long}1`, stored)).ok).toBe(true);
  });

  test('T2: beyond the bound callers are refused at once, and the gate opens again', async () => {
    const small = createPasswordHasher({ atOnce: 1, waiting: 2 });
    const results = await Promise.allSettled(Array.from({ length: 6 }, () => small.verify('x', null)));
    const refused = results.filter((each) => each.status === 'rejected');
    expect(refused.length).toBe(3);
    for (const each of refused) {
      expect(each.reason).toBeInstanceOf(AppError);
      expect(each.reason.code).toBe('sign_in_busy');
    }
    expect((await small.verify('x', null)).ok).toBe(false);
  });
});
