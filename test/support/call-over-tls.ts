// Makes one call to the provider at the given base URL, whose name resolves to loopback, and prints the outcome.
// A process of its own: the runtime reads NODE_EXTRA_CA_CERTS only at its start.
import { systemClock } from '../../src/lib/clock.ts';
import { createAddressGuard } from '../../src/upstream/address-guard.ts';
import { callUpstream } from '../../src/upstream/call-upstream.ts';
import { customProvider } from '../../src/upstream/providers/discover.ts';
import { answerText } from './answer-text.ts';

const guard = createAddressGuard({
  allowPrivate: ['127.0.0.0/8'],
  clock: systemClock,
  resolve: async () => ['127.0.0.1'],
});
const outcome = await callUpstream(
  {
    spec: { ...customProvider('far', process.argv[2] ?? ''), auth: 'bearer', guard },
    credential: {
      id: 'crd_t',
      provider: 'far',
      secret: 'sk-canary-tls',
      source: 'store',
      label: 't',
      priority: 1,
    },
    operation: 'chat',
    model: 'm',
    headers: null,
    signal: null,
    firstByteMs: 10_000,
    clock: systemClock,
  },
  '{}',
);
if (outcome.kind === 'answer') await answerText(outcome);
const { kind } = outcome;
console.log(
  JSON.stringify(
    outcome.kind === 'answer'
      ? { kind }
      : { kind, failure: outcome.failure, sent: outcome.sent, message: outcome.message },
  ),
);
