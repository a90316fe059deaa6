// Guarantee: deny wins, an empty or unreadable thing never opens a door, and an address has one meaning in all its spellings.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  accessFault,
  addressEntryFault,
  allowsAddress,
  allowsModel,
  bothAddressLists,
  bothModelLists,
  modelEntryFault,
  NO_ADDRESS,
  readAddressList,
  readModelList,
} from '../../../src/core/limits/access-list.ts';
import { matchesGlob } from '../../../src/core/limits/model-glob.ts';

const mayUse = (entries: string[] | null, ...names: string[]) => allowsModel(readModelList(entries), names);
const mayCall = (entries: string[] | null, address: string) =>
  allowsAddress(readAddressList(entries), address);

test('globs', () => {
  const yes = [
    ['openai/*', 'openai/gpt-5'],
    ['*', 'anything/at/all'],
    ['openrouter/*/claude-*', 'openrouter/anthropic/claude-opus-5-5'],
    ['OPENAI/GPT-?', 'openai/gpt-5'],
    ['a**b', 'ab'],
  ];
  const no = [
    ['openai/*', 'azure/openai/gpt-5'],
    ['openai/gpt-?', 'openai/gpt-50'],
    ['', 'x'],
    ['gpt-5', 'gpt-5.1'],
    ['gpt.5', 'gptx5'],
  ];
  for (const [pattern = '', name = ''] of yes)
    expect([pattern, matchesGlob(pattern, name)]).toEqual([pattern, true]);
  for (const [pattern = '', name = ''] of no)
    expect([pattern, matchesGlob(pattern, name)]).toEqual([pattern, false]);
});

test('a glob says what the same regular expression says', () => {
  const piece = fc.constantFrom('a', 'b', '/', '*', '?');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.stringMatching(/^[ab/]{0,10}$/), (pieces, name) => {
      const source = pieces.map((each) => (each === '*' ? '.*' : each === '?' ? '.' : each)).join('');
      expect(matchesGlob(pieces.join(''), name)).toBe(new RegExp(`^${source}$`).test(name));
    }),
    { numRuns: 2_000 },
  );
});

test('a hostile pattern costs no noticeable time', () => {
  const started = performance.now();
  expect(matchesGlob(`${'*a'.repeat(50)}b`, 'a'.repeat(5_000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(1_000);
});

test('no list allows all, an empty list nothing', () => {
  expect(mayUse(null, 'openai/gpt-5')).toBe(true);
  expect(mayUse([], 'openai/gpt-5')).toBe(false);
});

test('deny wins over allow, whatever the order', () => {
  expect(mayUse(['openai/*', '!openai/o3*'], 'openai/gpt-5')).toBe(true);
  expect(mayUse(['openai/*', '!openai/o3*'], 'openai/o3-pro')).toBe(false);
  expect(mayUse(['!openai/o3*', 'openai/*', 'openai/o3-pro'], 'openai/o3-pro')).toBe(false);
});

test('a list of denials alone allows the rest', () => {
  expect(mayUse(['!openai/*'], 'anthropic/claude-haiku-5-5')).toBe(true);
  expect(mayUse(['!openai/*'], 'OpenAI/gpt-5')).toBe(false);
});

test('an alias is judged by all its names: one denied refuses, one allowed suffices', () => {
  expect(mayUse(['openai/*'], 'fast', 'openai/gpt-5')).toBe(true);
  expect(mayUse(['fast'], 'fast', 'openai/gpt-5')).toBe(true);
  expect(mayUse(['fast', '!openai/*'], 'fast', 'openai/gpt-5')).toBe(false);
});

test('of two lists both must allow, and either may deny', () => {
  const both = bothModelLists(
    readModelList(['openai/*', '!openai/o3*']),
    readModelList(['*/gpt-*', 'openai/o*']),
  );
  expect(allowsModel(both, ['openai/gpt-5'])).toBe(true);
  for (const name of ['azure/gpt-5', 'openai/o3', 'openai/whisper'])
    expect(allowsModel(both, [name])).toBe(false);
  expect(bothModelLists(null, null)).toBeNull();
  expect(allowsModel(bothModelLists(null, readModelList([])), ['x/y'])).toBe(false);
  const addresses = bothAddressLists(
    readAddressList(['10.0.0.0/8']),
    readAddressList(['10.1.0.0/16', '!10.1.1.1']),
  );
  expect(['10.1.2.3', '10.2.2.3', '10.1.1.1'].map((address) => allowsAddress(addresses, address))).toEqual([
    true,
    false,
    false,
  ]);
  expect(allowsAddress(NO_ADDRESS, '10.1.2.3')).toBe(false);
});

test('lists that somebody wants to set are judged entry by entry', () => {
  expect(accessFault({ models: ['openai/*'], addresses: ['10.0.0.0/8'] })).toBeNull();
  expect(accessFault({ models: null })).toBeNull();
  expect(accessFault({ models: ['a b'] })).toContain('contains a space');
  expect(accessFault({ addresses: ['10.0.0.0/8', 'home'] })).toContain("'home' is no address");
  expect(accessFault({ models: new Array(201).fill('x') })).toContain('at most 200');
});

test('addresses and ranges of both families', () => {
  const list = ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '!10.66.0.0/16'];
  const allowed = ['10.1.2.3', '192.0.2.7', '2001:db8::1', '::ffff:10.1.2.3', '::ffff:a01:203'];
  const refused = [
    '10.66.1.1',
    '::ffff:10.66.1.1',
    '192.0.2.8',
    '2001:db9::1',
    '::1',
    '',
    'unknown',
    '10.1.2',
  ];
  for (const address of allowed) expect([address, mayCall(list, address)]).toEqual([address, true]);
  for (const address of refused) expect([address, mayCall(list, address)]).toEqual([address, false]);
});

test('a zone suffix does not hide an address', () => {
  expect(mayCall(['fe80::/10'], 'fe80::1%eth0')).toBe(true);
  expect(mayCall(['!fe80::/10'], 'fe80::1%eth0')).toBe(false);
});

test('without a list every address may call, an empty list admits none, an unreadable one passes no list', () => {
  expect(mayCall(null, 'whatever')).toBe(true);
  expect(mayCall([], '127.0.0.1')).toBe(false);
  expect(mayCall(['!10.0.0.0/8'], '127.0.0.1')).toBe(true);
  expect(mayCall(['!10.0.0.0/8'], 'garbage')).toBe(false);
});

test('an entry that is no address is refused with what would be one', () => {
  for (const entry of [
    '10.0.0.0/33',
    '10.0.0/8',
    'example.com',
    '::1/129',
    '10.0.0.0/-1',
    '1.2.3.4/8/9',
    '',
    '!',
  ])
    expect([entry, addressEntryFault(entry)]).toEqual([entry, expect.stringContaining('such as 10.0.0.0/8')]);
  for (const entry of ['10.0.0.0/8', '!::1', '2001:db8::/32', '0.0.0.0/0'])
    expect(addressEntryFault(entry)).toBeNull();
});

test('a model entry that could never match is refused', () => {
  expect(modelEntryFault('openai/*')).toBeNull();
  expect(modelEntryFault('!openai/*')).toBeNull();
  for (const entry of ['', '!', 'open ai/*', 'x'.repeat(201)]) expect(modelEntryFault(entry)).not.toBeNull();
});

test('an IPv4 range judges every address as plain arithmetic does', () => {
  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
  const number = (parts: number[]) => parts.reduce((sum, part) => sum * 256 + part, 0);
  fc.assert(
    fc.property(octets, octets, fc.integer({ min: 0, max: 32 }), (net, address, bits) => {
      const size = 2 ** (32 - bits);
      const same = Math.floor(number(net) / size) === Math.floor(number(address) / size);
      expect(mayCall([`${net.join('.')}/${bits}`], address.join('.'))).toBe(same);
    }),
    { numRuns: 1_000 },
  );
});
