// The words and marks for how a request went: outcome, provenance, cost, and the plain story of its attempts.
import type { Child } from 'hono/jsx';
import type { Provenance } from '../../core/token-usage.ts';
import type { FailureKind, Outcome, UsageEvent } from '../../core/usage-event.ts';
import { duration, money } from '../views/format.ts';
import { Tag, type Tone } from '../views/piece.tsx';

const OUTCOMES: Readonly<Record<Outcome, readonly [tone: Tone, word: string]>> = {
  started: ['quiet', 'Running'],
  final: ['good', 'Answered'],
  error: ['bad', 'Failed'],
  aborted: ['warn', 'Hung up'],
  unknown: ['warn', 'Unknown'],
};

export function OutcomeTag({ outcome, status }: { outcome: Outcome; status: number | null }) {
  const [tone, word] = OUTCOMES[outcome];
  return (
    <Tag tone={tone}>
      {word}
      {outcome === 'error' && status ? ` ${status}` : ''}
    </Tag>
  );
}

const PROVENANCES: Readonly<Record<Provenance, readonly [tone: Tone, word: string, meaning: string]>> = {
  provider: ['good', 'from the provider', 'The provider reported these numbers.'],
  drained: [
    'good',
    'from the provider, drained',
    'The client hung up; the answer was read to its end for these numbers.',
  ],
  estimated: ['warn', 'estimated', 'The provider did not report the numbers; they were counted here.'],
  unknown: ['warn', 'unknown', 'Nobody reported the numbers, and they could not be counted.'],
  imported: ['quiet', 'imported', 'Taken over from the predecessor.'],
};

export function ProvenanceTag({ provenance }: { provenance: Provenance }) {
  const [tone, word, meaning] = PROVENANCES[provenance];
  return (
    <Tag tone={tone} title={meaning}>
      {word}
    </Tag>
  );
}

export const FAILURES: Readonly<Record<FailureKind, string>> = {
  rate_limit: 'the provider limited this key',
  quota_exceeded: 'the quota of this key is used up',
  authentication: 'the provider refused this key',
  forbidden: 'the provider forbids this to this key',
  server_error: 'the provider had an error',
  overloaded: 'the provider is overloaded',
  connection: 'no connection to the provider',
  tls: 'no safe connection to the provider',
  timeout_first_byte: 'no first byte in time',
  timeout_idle: 'the answer stood still for too long',
  deadline: 'the time for the whole request was over',
  interrupted: 'the answer broke off',
  bad_answer: 'the answer could not be read',
  invalid_request: 'the provider refused the request itself',
  context_window_exceeded: 'the request is too long for the model',
  not_found: 'the provider does not know this model',
  client_gone: 'the client hung up',
  unknown: 'unknown reason',
};

export function Cost({ nano, unpriced }: { nano: number | null; unpriced: boolean }): Child {
  return unpriced ? <span class="quiet">unpriced</span> : money(nano);
}

/** One plain sentence or two: what came of it and why a second provider was asked. */
export function story(event: UsageEvent): string {
  const failed = event.attempts.filter((each) => each.failure !== null);
  const told = failed.map(
    (each) => `attempt ${each.ordinal} at ${each.provider} failed: ${FAILURES[each.failure ?? 'unknown']}`,
  );
  const last = event.attempts.at(-1);
  if (event.outcome === 'final' && last) {
    const took = duration(event.durationMs);
    if (told.length === 0) return `Answered by ${last.provider} in ${took}.`;
    return `${capital(told.join('; then '))}. Then ${last.provider} answered; the whole took ${took}.`;
  }
  if (event.outcome === 'aborted') return `The client hung up after ${duration(event.durationMs)}.`;
  if (event.outcome === 'unknown')
    return 'Tollgate was stopped while this request ran; how it ended is not known.';
  if (event.outcome === 'started') return 'The request is still running.';
  if (!last)
    return `The request was refused here with status ${event.status}${event.errorType ? ` (${event.errorType})` : ''}.`;
  return `${capital(told.join('; then '))}. No other target was left, so the client got status ${event.status}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
