// Takes out of an error text what it merely repeats of the request: some providers quote the prompt in their errors,
// and prompts are never stored.

/** Shorter repeats are ordinary words. */
const ECHO_CHARS_MIN = 16;
/** How much of the request is searched: bounds the work that one failure can cause. */
export const ECHO_SEARCHED_CHARS_MAX = 256 * 1024;

const MARK = '[request text]';

/** `text` with every run of 16 or more characters that also stands in `request` replaced. Compares what JSON escapes too. */
export function withoutEcho(text: string, request: string): string {
  const searched = request.slice(0, ECHO_SEARCHED_CHARS_MAX);
  const unescaped = searched.includes('\\')
    ? searched.replace(/\\(["\\/])/g, '$1').replace(/\\n/g, '\n')
    : null;
  const isIn = (part: string) => searched.includes(part) || unescaped?.includes(part) === true;
  let kept = '';
  let at = 0;
  while (at < text.length) {
    const length = echoLength(text, at, isIn);
    if (length === 0) {
      kept += text[at];
      at += 1;
    } else {
      kept += MARK;
      at += length;
    }
  }
  return kept;
}

/** Length of the longest repeat that begins here, at the start of a word; 0 when there is none. */
function echoLength(text: string, at: number, isIn: (part: string) => boolean): number {
  const before = at === 0 ? ' ' : (text[at - 1] ?? ' ');
  if (/[\p{L}\p{N}]/u.test(before) || text.length - at < ECHO_CHARS_MIN) return 0;
  if (!isIn(text.slice(at, at + ECHO_CHARS_MIN))) return 0;
  let length = ECHO_CHARS_MIN;
  for (let step = 256; step >= 1; step = Math.floor(step / 2)) {
    while (at + length + step <= text.length && isIn(text.slice(at, at + length + step))) length += step;
  }
  return length;
}
