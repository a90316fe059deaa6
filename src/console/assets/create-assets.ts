// The files a page loads: stylesheet, script, htmx, uPlot, icon. Each is named by a hash of its content, so it may be kept for good.
// Reads them once at the start; serves nothing that is not in its own short list.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { required } from '../../lib/assert.ts';
import { assetPath } from '../../lib/program-files.ts';
import type { AssetUrls } from '../views/frame.ts';

export const ASSET_PREFIX = '/ui/assets/';
const HASH_DIGITS = 10;

interface Asset {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
  zipped: Uint8Array<ArrayBuffer> | null;
}

export interface Assets {
  readonly urls: AssetUrls;
  /** The file at a path under ASSET_PREFIX, compressed where the client takes it; null when there is none. */
  readonly serve: (path: string, acceptEncoding: string | null) => Response | null;
}

/** Each by its name on the wire, where it lies among the sources or in its package, and its type. */
export const ASSET_SOURCES = {
  css: ['app.css', './dist/app.css', 'text/css; charset=utf-8'],
  script: ['client.js', './client.js', 'text/javascript; charset=utf-8'],
  htmx: ['htmx.js', 'htmx.org/dist/htmx.min.js', 'text/javascript; charset=utf-8'],
  chartScript: ['uplot.js', 'uplot/dist/uPlot.iife.min.js', 'text/javascript; charset=utf-8'],
  chartCss: ['uplot.css', 'uplot/dist/uPlot.min.css', 'text/css; charset=utf-8'],
  icon: ['icon.svg', './icon.svg', 'image/svg+xml'],
} as const satisfies Record<keyof AssetUrls, readonly [name: string, source: string, type: string]>;

/** Reads and names all files; throws when one is missing, so that the start fails and not a page. */
export function createAssets(): Assets {
  const files = new Map<string, Asset>();
  const urls: Record<string, string> = {};
  for (const [key, [name, source, type]] of Object.entries(ASSET_SOURCES)) {
    const body = new Uint8Array(readFileSync(assetPath(name, () => import.meta.resolve(source))));
    const hash = createHash('sha256').update(body).digest('hex').slice(0, HASH_DIGITS);
    const path = `${ASSET_PREFIX}${name.replace('.', `.${hash}.`)}`;
    files.set(path, { body, type, zipped: null });
    urls[key] = path;
  }
  const url = (key: keyof AssetUrls) => required(urls[key], `asset ${key}`);
  return {
    urls: {
      css: url('css'),
      script: url('script'),
      htmx: url('htmx'),
      chartScript: url('chartScript'),
      chartCss: url('chartCss'),
      icon: url('icon'),
    },
    serve: (path, acceptEncoding) => {
      const asset = files.get(path);
      return asset ? answer(asset, acceptEncoding) : null;
    },
  };
}

function answer(asset: Asset, acceptEncoding: string | null): Response {
  const headers = {
    'content-type': asset.type,
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    vary: 'accept-encoding',
  };
  if (!/\bgzip\b/.test(acceptEncoding ?? '')) return new Response(asset.body, { headers });
  asset.zipped ??= Bun.gzipSync(asset.body, { level: 9 });
  return new Response(asset.zipped, { headers: { ...headers, 'content-encoding': 'gzip' } });
}
