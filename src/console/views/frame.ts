// What every page is handed besides its own model: who reads it, in which zone and theme, and where the assets lie.
// Plain data; a page never reads a request.

export type Theme = 'system' | 'light' | 'dark';

export interface Viewer {
  readonly id: string;
  readonly name: string;
  readonly role: 'admin' | 'user';
}

/** One short message at the top of a page about what was just done. */
export interface Notice {
  readonly tone: 'good' | 'warn' | 'bad' | 'plain';
  readonly text: string;
}

/** Addresses of the fingerprinted files. */
export interface AssetUrls {
  readonly css: string;
  readonly script: string;
  readonly htmx: string;
  readonly chartScript: string;
  readonly chartCss: string;
  readonly icon: string;
}

export interface Frame {
  /** The path that was asked for, for `aria-current` and for coming back. */
  readonly path: string;
  readonly viewer: Viewer | null;
  readonly theme: Theme;
  readonly csrf: string;
  readonly timeZone: string;
  readonly nowMs: number;
  readonly assets: AssetUrls;
  readonly notice: Notice | null;
}

/** What a form remembers when it comes back: the words typed and what was wrong with them, by field name. */
export interface FormState {
  readonly values: Readonly<Record<string, string>>;
  readonly errors: Readonly<Record<string, string>>;
}

export const EMPTY_FORM: FormState = { values: {}, errors: {} };

/** Name of the hidden field that carries the CSRF token. */
export const CSRF_FIELD = 'csrf_token';
