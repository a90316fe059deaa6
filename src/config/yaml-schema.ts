// The shape of tollgate.yaml: what has structure. Unknown names are refused, so that a slip of the pen is noticed.
import { z } from 'zod';
import { FRAMING_HEADERS, HEADER_NAME, HEADER_VALUE } from '../lib/header-text.ts';

const usdPerMillion = z.number().min(0).max(1_000_000);

const price = z.strictObject({
  /** US dollars per million tokens. */
  input: usdPerMillion,
  output: usdPerMillion,
  cached: usdPerMillion.optional(),
  cache_write_5m: usdPerMillion.optional(),
  cache_write_1h: usdPerMillion.optional(),
  reasoning: usdPerMillion.optional(),
  audio_input: usdPerMillion.optional(),
  audio_output: usdPerMillion.optional(),
  /** US dollars per thousand searches. */
  web_search: z.number().min(0).max(1_000_000).optional(),
});

const headerName = z
  .string()
  .regex(HEADER_NAME, 'a header is named by letters, digits and hyphens')
  .refine(
    (name) => !FRAMING_HEADERS.has(name.toLowerCase()),
    'Tollgate sets this header itself; leave it out',
  );
const headerValue = z.string().regex(HEADER_VALUE, "a header's value is one line of Latin-1 characters");

const provider = z.strictObject({
  protocol: z.enum(['openai', 'anthropic', 'gemini']).optional(),
  base_url: z.url().optional(),
  api_keys: z.array(z.string().min(1)).max(1000).optional(),
  models: z.array(z.string().min(1)).max(10_000).optional(),
  headers: z.record(headerName, headerValue).optional(),
  rotation: z.enum(['balanced', 'sequential']).optional(),
  include_usage: z.boolean().optional(),
  /** Azure: the api-version query parameter. */
  api_version: z.string().optional(),
  on_hang_up: z.enum(['cancel', 'drain']).optional(),
});

/** The most a budget can be: beyond it nano-dollars are no longer exact numbers. */
const BUDGET_USD_MAX = 9_000_000;

const limitFields = z.strictObject({
  requests_per_minute: z.number().int().positive().optional(),
  tokens_per_minute: z.number().int().positive().optional(),
  concurrent: z.number().int().positive().optional(),
  budget_usd: z.number().positive().max(BUDGET_USD_MAX).optional(),
  budget_tokens: z.number().int().positive().optional(),
  /** Of the budgets; `total` never begins anew. */
  period: z.enum(['day', 'week', 'month', 'total']).optional(),
  /** Whose calendar counts the days; UTC unless named. */
  time_zone: z.string().optional(),
  /** Share of a budget at which a warning is given; 0 for never. */
  warn_at: z.number().min(0).max(1).optional(),
  allow_unpriced: z.boolean().optional(),
});

const limit = limitFields.refine(
  (fields) =>
    fields.period !== undefined || (fields.budget_usd === undefined && fields.budget_tokens === undefined),
  { path: ['period'], message: 'a budget needs a period; allowed: day, week, month, total' },
);

const modelBounds = z.strictObject({
  /** The longest answer it gives: what a budget reserves for a request that sets no maximum. */
  max_output_tokens: z.number().int().positive().max(100_000_000).optional(),
  /** Its context window, where the price list does not know it. */
  context_tokens: z.number().int().positive().max(100_000_000).optional(),
});

const providerName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'allowed: lower-case letters, digits and _');
const fullModel = z.string().regex(/^[^/]+\/.+$/, 'allowed: provider/model');

export const yamlSchema = z.strictObject({
  providers: z.record(providerName, provider).default({}),
  /** Short name to full `provider/model`. */
  aliases: z.record(z.string(), fullModel).default({}),
  /** Model asked for to further models, tried in order. */
  fallbacks: z.record(z.string(), z.array(z.string()).max(16)).default({}),
  /** Per `provider/model`; globs allowed. */
  prices: z.record(z.string(), price).default({}),
  /** What budgets must know of a model, per `provider/model`; globs allowed. */
  models: z.record(z.string(), modelBounds).default({}),
  /** House-wide limits; those of users and keys are set by command, API or dashboard. */
  limits: z.strictObject({ house: limit.optional() }).default({}),
  /** Per `provider/model` glob: what happens upstream when the caller hangs up. */
  on_hang_up: z.record(z.string(), z.enum(['cancel', 'drain'])).default({}),
});

export type TollgateYaml = z.infer<typeof yamlSchema>;
