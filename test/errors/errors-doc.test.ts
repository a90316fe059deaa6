// Guarantee: docs/errors.md and the catalogue say the same, both ways.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FAILURE_RULES } from '../../src/core/failure-rules.ts';
import { CATALOGUE } from '../../src/errors/catalogue.ts';

const document = readFileSync(resolve(import.meta.dir, '../../docs/errors.md'), 'utf8');
const section = document.split('## Codes')[1]?.split('\n## ')[0] ?? '';
const rows = [...section.matchAll(/^\| `(\w+)` \| (\d+) \| `(\w+)` \| (.*) \|$/gm)].map(
  ([, ...cells]) => cells,
);

test('docs/errors.md lists the catalogue, both ways', () => {
  const expected = Object.entries(CATALOGUE).map(([code, { status, type, message }]) => [
    code,
    String(status),
    type,
    message.replaceAll('|', '\\|'),
  ]);
  expect(rows.sort()).toEqual(expected.sort());
});

test('docs/errors.md lists every failure of a provider with what follows from it, both ways', () => {
  const table = document.split('## Failures of providers')[1] ?? '';
  const said = [
    ...table.matchAll(/^\| `(\w+)` \| [^|]+ \| (\w+) \| (\w+) \| (\w+) \| (\w+) \| `(\w+)` \|$/gm),
  ].map(([, ...cells]) => cells);
  const word = (yes: boolean) => (yes ? 'yes' : 'no');
  const expected = Object.entries(FAILURE_RULES).map(([kind, rule]) => [
    kind,
    rule.cools,
    word(rule.nextCredential),
    word(rule.sameCredential),
    word(rule.nextTarget),
    rule.told,
  ]);
  expect(said.sort()).toEqual(expected.sort());
});
