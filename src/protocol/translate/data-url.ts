// data: URLs of base64 content (RFC 2397), as OpenAI-shaped requests carry images and files. Reads and writes, never decodes.

export interface InlineData {
  readonly mediaType: string;
  readonly base64: string;
}

/** Null when the text is no base64 data URL. */
export function readDataUrl(url: string): InlineData | null {
  if (!url.startsWith('data:')) return null;
  const comma = url.indexOf(',');
  const head = comma < 0 ? '' : url.slice(5, comma);
  if (!/;base64$/i.test(head)) return null;
  return { mediaType: head.split(';')[0]?.toLowerCase() ?? '', base64: url.slice(comma + 1) };
}

export function writeDataUrl(data: InlineData): string {
  return `data:${data.mediaType};base64,${data.base64}`;
}
