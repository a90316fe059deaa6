// Guarantee (T17, T18): whatever stands in a name, a label or a provider's error, a page holds no script, no style and no handler of it;
// and each page has the landmarks that a screen reader steers by. Attack: a key called `"onx='1'><script>alert(1)</script>`.
import { describe, expect, test } from 'bun:test';
import { SAMPLES } from './page-samples.tsx';

describe.each(Object.keys(SAMPLES))('page: %s', (name) => {
  const html = String(SAMPLES[name]?.());

  test('hostile text is inert', () => {
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toContain('<script>');
    expect(tags(html).filter((tag) => /\sonx?\w*\s*=/.test(tag.replace(/"[^"]*"/g, '""')))).toEqual([]);
  });

  test('nothing in it needs a weaker policy than default-src self', () => {
    const all = tags(html);
    expect(all.filter((tag) => /\sstyle\s*=/.test(tag.replace(/"[^"]*"/g, '""')))).toEqual([]);
    expect(all.filter((tag) => /^<script\b/.test(tag) && !/ src="\/ui\/assets\//.test(tag))).toEqual([]);
    expect(all.filter((tag) => /^<style\b/.test(tag))).toEqual([]);
    expect(html).not.toMatch(/ (?:href|src|action)="(?:https?:)?\/\//);
  });

  test('it has one heading of the first rank, one main part and a title', () => {
    expect(html.match(/<h1\b/g)).toHaveLength(1);
    expect(html.match(/<main\b/g)).toHaveLength(1);
    expect(html).toMatch(/<title>[^<]+<\/title>/);
  });

  test('every posted form carries the CSRF token', () => {
    const forms = html.split('<form ').slice(1);
    const posted = forms.filter((form) => form.slice(0, form.indexOf('>')).includes('method="post"'));
    expect(
      posted.filter((form) => !form.slice(0, form.indexOf('</form>')).includes('name="csrf_token"')),
    ).toEqual([]);
  });
});

function tags(html: string): string[] {
  return html.match(/<[a-z][^\s>]*(?:\s+[^\s=>]+(?:="[^"]*")?)*\s*\/?>/g) ?? [];
}
