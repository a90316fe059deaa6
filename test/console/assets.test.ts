import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { buildStylesheet, STYLESHEET_PATH } from '../../tools/build-assets.ts';

test('the committed stylesheet is what the views and its source make (npm run assets mends it)', async () => {
  expect(readFileSync(STYLESHEET_PATH, 'utf8') === (await buildStylesheet())).toBe(true);
});
