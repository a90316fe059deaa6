// Pages of admins: GET /ui/admin/live and its events, which carry the table anew whenever something began or ended.
import {
  type Answer,
  adminPage,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
} from '../serving/page-route.ts';
import type { Frame } from '../views/frame.ts';
import { type LiveModel, LivePage, LiveTable } from './live-page.tsx';
import type { PageParts } from './page-parts.ts';

const ROWS_SHOWN = 200;
/** A busy house changes a thousand times a second; eyes do not. */
const TELL_EVERY_MS = 500;
/** Times of running requests grow without any change. */
const REFRESH_EVERY_MS = 2_000;
/** A page left open over night connects again by itself. */
const STREAM_MS_MAX = 600_000;
/** Each costs a little work twice a second. */
const WATCHERS_MAX = 50;

export function liveRoutes(parts: PageParts): PageRoute[] {
  let watchers = 0;
  return [
    adminPage('GET', '/ui/admin/live', async ({ frame }) => {
      return new PageAnswer(<LivePage frame={frame} model={await liveModel(parts)} />);
    }),
    adminPage('GET', '/ui/admin/live/events', (request) => {
      if (watchers >= WATCHERS_MAX)
        return new Response(null, { status: 503, headers: { 'retry-after': '30' } });
      watchers += 1;
      return events(parts, request, () => {
        watchers -= 1;
      });
    }),
  ];
}

async function liveModel(parts: PageParts): Promise<LiveModel> {
  return { rows: await parts.live.list(ROWS_SHOWN), total: parts.live.total() };
}

function events(parts: PageParts, { frame }: PersonRequest, left: () => void): Answer {
  const encoder = new TextEncoder();
  let end = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let dirty = true;
      let busy = false;
      let quietMs = 0;
      const tell = async () => {
        quietMs += TELL_EVERY_MS;
        // Nobody reads: the next telling has everything anyway.
        if (busy || (controller.desiredSize ?? 1) <= 0 || (!dirty && quietMs < REFRESH_EVERY_MS)) return;
        busy = true;
        dirty = false;
        quietMs = 0;
        const text = await rowsEvent(parts, frame).finally(() => {
          busy = false;
        });
        if (!ended) controller.enqueue(encoder.encode(text));
      };
      let ended = false;
      const close = () => {
        if (ended) return;
        ended = true;
        unwatch();
        clearInterval(timer);
        clearTimeout(limit);
        left();
      };
      const unwatch = parts.live.watch(() => {
        dirty = true;
      });
      // A failed telling ends the stream; the page connects again by itself.
      const tick = () => {
        tell().catch((error) => {
          close();
          controller.error(error);
        });
      };
      const timer = setInterval(tick, TELL_EVERY_MS);
      const limit = setTimeout(() => {
        close();
        controller.close();
      }, STREAM_MS_MAX);
      end = close;
      tick();
    },
    cancel: () => end(),
  });
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
  });
}

async function rowsEvent(parts: PageParts, frame: Frame): Promise<string> {
  const model = await liveModel(parts);
  const html = String(<LiveTable frame={{ ...frame, nowMs: parts.clock.nowMs() }} model={model} />);
  return `event: rows\n${html
    .split('\n')
    .map((line) => `data: ${line}`)
    .join('\n')}\n\n`;
}
