// Routes: usage events one by one, for me, one user and the house; as pages of JSON, or whole as CSV or NDJSON.
import { z } from 'zod';
import { NANO_USD_PER_USD } from '../../core/price.ts';
import { type ExportChunk, exportUsage } from '../../services/export-usage.ts';
import { listUsage, type UsageEventRow, type UsageFilter } from '../../store/usage-listing.ts';
import type { ConsoleParts } from '../console-parts.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { defineRoute, RawAnswer, type Route } from './route.ts';
import { isoTime, pageCursor, time } from './schemas.ts';
import type { UsageView } from './usage-views.ts';

const EVENTS_PAGE_MAX = 500;
const outcome = z.enum(['started', 'final', 'error', 'aborted', 'unknown']);
const count = z.number().int().nullable();
const text = z.string().nullable();

const eventItem = z
  .object({
    id: z.string(),
    time,
    request_id: z.string(),
    user_id: text,
    api_key_id: text,
    tags: z.array(z.string()),
    endpoint: z.string(),
    provider: text,
    model: text,
    model_asked: text,
    model_served: text,
    status: z.number().int(),
    outcome,
    streamed: z.boolean(),
    prompt_tokens: count,
    completion_tokens: count,
    cached_tokens: count,
    reasoning_tokens: count,
    cost_usd: z.number().nullable(),
    cost_nano_usd: count,
    unpriced: z.boolean(),
    provenance: z.enum(['provider', 'drained', 'estimated', 'unknown', 'imported']),
    first_byte_ms: count,
    duration_ms: z.number().int(),
    finish_reason: text,
    error_type: text,
    error_message: text,
    attempts: z.number().int(),
  })
  .meta({ id: 'UsageEvent' });

const eventQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(EVENTS_PAGE_MAX).default(100),
  cursor: pageCursor,
  since: time.optional(),
  until: time.optional(),
  user_id: z.string().max(64).optional().meta({ description: 'For the house only.' }),
  api_key_id: z.string().max(64).optional(),
  model: z.string().max(300).optional(),
  provider: z.string().max(64).optional(),
  outcome: outcome.optional(),
  tag: z.string().max(64).optional(),
  search: z.string().max(100).optional(),
  format: z.enum(['json', 'csv', 'ndjson']).default('json').meta({
    description: 'csv and ndjson answer all matching events, oldest first, without pages.',
  }),
});

export function usageEventRoute(parts: ConsoleParts, view: UsageView): Route {
  return defineRoute({
    method: 'GET',
    path: `${view.path}/events`,
    access: view.access,
    tag: view.tag,
    summary: 'Usage events, newest first',
    ...(view.params ? { params: view.params, failures: [404] } : {}),
    query: eventQuery,
    answer: z.object({ events: z.array(eventItem), next_cursor: text }),
    handle: async (input) => {
      const { limit, cursor, format } = input.query;
      const subject = await view.subjectOf(input);
      const filter = filterOf(input.query, subject.kind === 'user' ? subject.value : input.query.user_id);
      if (format !== 'json') return toFile(exportUsage(parts.store, { format, filter }), format);
      const place = readCursor(cursor);
      const after = place && { timeMs: place.createdMs, id: place.id };
      const rows = await listUsage(parts.store.read, { filter, limit: limit + 1, after, order: 'newest' });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const more = rows.length > limit && last !== undefined;
      const next_cursor = more ? writeCursor({ createdMs: last.time_ms, id: last.id }) : null;
      return { events: page.map(showEvent), next_cursor };
    },
  });
}

/** `userId` is decided by whose route it is, never by the query of a user. */
function filterOf(query: z.output<typeof eventQuery>, userId: string | undefined): UsageFilter {
  const { since, until, api_key_id: keyId, model, provider, tag, search } = query;
  return {
    userId,
    keyId,
    model,
    provider,
    tag,
    outcome: query.outcome,
    text: search,
    sinceMs: since === undefined ? undefined : Date.parse(since),
    untilMs: until === undefined ? undefined : Date.parse(until),
  };
}

/** Pulled by the reader, so that a slow one holds the export back instead of filling the memory. */
function toFile(chunks: AsyncGenerator<ExportChunk>, format: 'csv' | 'ndjson'): RawAnswer {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const next = await chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(next.value.text));
    },
    cancel: async () => {
      await chunks.return(undefined);
    },
  });
  const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson';
  return new RawAnswer(body, type, `usage-events.${format}`);
}

function showEvent(row: UsageEventRow): z.input<typeof eventItem> {
  const { time_ms, key_id, cost_nano_usd, tags, streamed, unpriced, ...rest } = row;
  return {
    ...rest,
    time: isoTime(time_ms),
    api_key_id: key_id,
    tags: JSON.parse(tags),
    streamed: streamed === 1,
    unpriced: unpriced === 1,
    cost_nano_usd,
    cost_usd: cost_nano_usd === null ? null : cost_nano_usd / NANO_USD_PER_USD,
  };
}
