// What axe finds on the page as it stands, and how many pixels it is wider than the window.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const AXE_RUN = `axe.run().then((result) => result.violations.map((each) => each.id + ': ' + each.nodes[0]?.html))`;
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const violations = (await page.evaluate(AXE_RUN)) as string[];
  const overflow = (await page.evaluate(OVERFLOW)) as number;
  return [...violations, ...(overflow > 0 ? [`${overflow} px too wide`] : [])];
}
