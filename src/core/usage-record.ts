// A usage event and a started mark as the journal writes them: lists of values without names, because the names were
// two thirds of every line. Pure: JSON text out, parsed JSON in. Nothing else knows the order.
//
// `requestId` is null where it equals the id; an attempt's own numbers follow only where they are not the event's.
// Form 1 were plain objects: a journal written by it is read all the same. Another order is another form, with a number
// of its own, beside a reader for this one.
import type { TokenUsage } from './token-usage.ts';
import type { AttemptRecord, StartedMark, UsageEvent } from './usage-event.ts';

const FORM = 2;
const EVENT_LENGTH = 28;
const MARK_LENGTH = 14;

type EventForm = [
  form: number,
  id: UsageEvent['id'],
  timeMs: UsageEvent['timeMs'],
  requestId: UsageEvent['requestId'] | null,
  userId: UsageEvent['userId'],
  keyId: UsageEvent['keyId'],
  clientSessionId: UsageEvent['clientSessionId'],
  tags: UsageEvent['tags'],
  endpoint: UsageEvent['endpoint'],
  provider: UsageEvent['provider'],
  modelAsked: UsageEvent['modelAsked'],
  modelServed: UsageEvent['modelServed'],
  status: UsageEvent['status'],
  outcome: UsageEvent['outcome'],
  streamed: UsageEvent['streamed'],
  usage: UsageForm,
  provenance: UsageEvent['provenance'],
  costNanoUsd: UsageEvent['costNanoUsd'],
  unpriced: UsageEvent['unpriced'],
  priceVersion: UsageEvent['priceVersion'],
  heldNanoUsd: UsageEvent['heldNanoUsd'],
  heldTokens: UsageEvent['heldTokens'],
  firstByteMs: UsageEvent['firstByteMs'],
  durationMs: UsageEvent['durationMs'],
  finishReason: UsageEvent['finishReason'],
  errorType: UsageEvent['errorType'],
  errorMessage: UsageEvent['errorMessage'],
  attempts: AttemptForm[],
];

type AttemptForm = [
  id: AttemptRecord['id'],
  ordinal: AttemptRecord['ordinal'],
  startedMs: AttemptRecord['startedMs'],
  provider: AttemptRecord['provider'],
  credentialId: AttemptRecord['credentialId'],
  model: AttemptRecord['model'],
  outcome: AttemptRecord['outcome'],
  failure: AttemptRecord['failure'],
  status: AttemptRecord['status'],
  firstByteMs: AttemptRecord['firstByteMs'],
  durationMs: AttemptRecord['durationMs'],
  errorMessage: AttemptRecord['errorMessage'],
  usage?: UsageForm,
  provenance?: AttemptRecord['provenance'],
  costNanoUsd?: AttemptRecord['costNanoUsd'],
];

type Count = number | null;
/** In the order of TokenUsage. */
type UsageForm = [Count, Count, Count, Count, Count, Count, Count, Count, Count, Count, Count];

type MarkForm = [
  form: number,
  id: StartedMark['id'],
  timeMs: StartedMark['timeMs'],
  requestId: StartedMark['requestId'] | null,
  userId: StartedMark['userId'],
  keyId: StartedMark['keyId'],
  clientSessionId: StartedMark['clientSessionId'],
  tags: StartedMark['tags'],
  endpoint: StartedMark['endpoint'],
  provider: StartedMark['provider'],
  modelAsked: StartedMark['modelAsked'],
  streamed: StartedMark['streamed'],
  heldNanoUsd: StartedMark['heldNanoUsd'],
  heldTokens: StartedMark['heldTokens'],
];

type Numbers = Pick<AttemptRecord, 'usage' | 'provenance' | 'costNanoUsd'>;

export function encodeUsageEvent(event: UsageEvent): string {
  return JSON.stringify([
    FORM,
    event.id,
    event.timeMs,
    event.requestId === event.id ? null : event.requestId,
    event.userId,
    event.keyId,
    event.clientSessionId,
    event.tags,
    event.endpoint,
    event.provider,
    event.modelAsked,
    event.modelServed,
    event.status,
    event.outcome,
    event.streamed,
    usageForm(event.usage),
    event.provenance,
    event.costNanoUsd,
    event.unpriced,
    event.priceVersion,
    event.heldNanoUsd,
    event.heldTokens,
    event.firstByteMs,
    event.durationMs,
    event.finishReason,
    event.errorType,
    event.errorMessage,
    attemptForms(event),
  ] satisfies EventForm);
}

/** The event of a parsed record of either form. Throws TypeError for what is none. */
export function decodeUsageEvent(record: unknown): UsageEvent {
  if (!Array.isArray(record)) return asObjectForm<UsageEvent>(record);
  const list = asListForm<EventForm>(record, EVENT_LENGTH);
  const numbers = { usage: usageOf(list[15]), provenance: list[16], costNanoUsd: list[17] };
  return {
    id: list[1],
    timeMs: list[2],
    requestId: list[3] ?? list[1],
    userId: list[4],
    keyId: list[5],
    clientSessionId: list[6],
    tags: list[7],
    endpoint: list[8],
    provider: list[9],
    modelAsked: list[10],
    modelServed: list[11],
    status: list[12],
    outcome: list[13],
    streamed: list[14],
    usage: numbers.usage,
    provenance: numbers.provenance,
    costNanoUsd: numbers.costNanoUsd,
    unpriced: list[18],
    priceVersion: list[19],
    heldNanoUsd: list[20],
    heldTokens: list[21],
    firstByteMs: list[22],
    durationMs: list[23],
    finishReason: list[24],
    errorType: list[25],
    errorMessage: list[26],
    attempts: list[27].map((attempt) => attemptOf(attempt, numbers)),
  };
}

export function encodeMark(mark: StartedMark): string {
  return JSON.stringify([
    FORM,
    mark.id,
    mark.timeMs,
    mark.requestId === mark.id ? null : mark.requestId,
    mark.userId,
    mark.keyId,
    mark.clientSessionId,
    mark.tags,
    mark.endpoint,
    mark.provider,
    mark.modelAsked,
    mark.streamed,
    mark.heldNanoUsd,
    mark.heldTokens,
  ] satisfies MarkForm);
}

/** The mark of a parsed record of either form. Throws TypeError for what is none. */
export function decodeMark(record: unknown): StartedMark {
  if (!Array.isArray(record)) return asObjectForm<StartedMark>(record);
  const list = asListForm<MarkForm>(record, MARK_LENGTH);
  return {
    id: list[1],
    timeMs: list[2],
    requestId: list[3] ?? list[1],
    userId: list[4],
    keyId: list[5],
    clientSessionId: list[6],
    tags: list[7],
    endpoint: list[8],
    provider: list[9],
    modelAsked: list[10],
    streamed: list[11],
    heldNanoUsd: list[12],
    heldTokens: list[13],
  };
}

function attemptForms(event: UsageEvent): AttemptForm[] {
  const forms: AttemptForm[] = [];
  for (const attempt of event.attempts) forms.push(attemptForm(attempt, event));
  return forms;
}

function attemptForm(attempt: AttemptRecord, event: Numbers): AttemptForm {
  const list: AttemptForm = [
    attempt.id,
    attempt.ordinal,
    attempt.startedMs,
    attempt.provider,
    attempt.credentialId,
    attempt.model,
    attempt.outcome,
    attempt.failure,
    attempt.status,
    attempt.firstByteMs,
    attempt.durationMs,
    attempt.errorMessage,
  ];
  if (!sameNumbers(attempt, event))
    list.push(usageForm(attempt.usage), attempt.provenance, attempt.costNanoUsd);
  return list;
}

function attemptOf(list: AttemptForm, event: Numbers): AttemptRecord {
  return {
    id: list[0],
    ordinal: list[1],
    startedMs: list[2],
    provider: list[3],
    credentialId: list[4],
    model: list[5],
    outcome: list[6],
    failure: list[7],
    status: list[8],
    usage: list[12] ? usageOf(list[12]) : event.usage,
    provenance: list[13] ?? event.provenance,
    costNanoUsd: list[14] === undefined ? event.costNanoUsd : list[14],
    firstByteMs: list[9],
    durationMs: list[10],
    errorMessage: list[11],
  };
}

/** Nearly every request has one attempt, whose counts are the very object that the event carries. */
function sameNumbers(attempt: Numbers, event: Numbers): boolean {
  return (
    attempt.usage === event.usage &&
    attempt.provenance === event.provenance &&
    attempt.costNanoUsd === event.costNanoUsd
  );
}

function usageForm(usage: TokenUsage): UsageForm {
  return [
    usage.inputTokens,
    usage.outputTokens,
    usage.cachedTokens,
    usage.cacheWrite5mTokens,
    usage.cacheWrite1hTokens,
    usage.reasoningTokens,
    usage.audioInputTokens,
    usage.audioOutputTokens,
    usage.webSearchRequests,
    usage.promptTokens,
    usage.completionTokens,
  ];
}

function usageOf(list: UsageForm): TokenUsage {
  return {
    inputTokens: list[0],
    outputTokens: list[1],
    cachedTokens: list[2],
    cacheWrite5mTokens: list[3],
    cacheWrite1hTokens: list[4],
    reasoningTokens: list[5],
    audioInputTokens: list[6],
    audioOutputTokens: list[7],
    webSearchRequests: list[8],
    promptTokens: list[9],
    completionTokens: list[10],
  };
}

function asListForm<T>(record: readonly unknown[], length: number): T {
  if (record[0] !== FORM || record.length !== length)
    throw new TypeError(`a journal record of form ${String(record[0])} with ${record.length} values`);
  return record as T;
}

function asObjectForm<T>(record: unknown): T {
  if (record === null || typeof record !== 'object')
    throw new TypeError('a journal record that is no object');
  return record as T;
}
