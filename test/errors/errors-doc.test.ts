// Guarantee: docs/errors.md and the catalogue say the same, both ways.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
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
