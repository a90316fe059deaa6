// The doctor's look at what the configuration says about providers. Calls nobody: a key is judged when it is first used.
import type { Config } from '../../config/load-config.ts';
import { systemClock } from '../../lib/clock.ts';
import { createAddressGuard } from '../../upstream/address-guard.ts';
import { assembleProviders } from '../../upstream/providers/assemble-providers.ts';
import { type Finding, fault, note, ok } from './finding.ts';

export function checkProviders(config: Config): Finding[] {
  const { settings, environment, yaml } = config;
  const set = assembleProviders({
    env: environment,
    file: yaml.providers,
    stored: [],
    disabled: new Set(),
    guard: createAddressGuard({ allowPrivate: settings.ALLOW_PRIVATE_UPSTREAMS, clock: systemClock }),
    tolerance: settings.ROTATION_TOLERANCE,
    exhaustionMs: settings.EXHAUSTION_COOLDOWN_THRESHOLD,
    byFetch: settings.UPSTREAM_CLIENT === 'fetch',
  });
  const findings = [
    ...set.problems.map((problem) => fault('providers', problem, 'correct the setting it names')),
    ...set.notices.map((notice) => note('providers', notice, 'correct or remove the setting it names')),
    ...plainHttp(set.specs),
  ];
  const names = set.specs.map((spec) => spec.name).join(', ');
  if (set.specs.length > 0) return [...findings, ok('providers', `${names}; ${set.credentials.length} keys`)];
  const nothing = 'no provider key is configured';
  return config.production
    ? [
        ...findings,
        fault('providers', nothing, 'set one, for example OPENAI_API_KEY, or add it in the dashboard'),
      ]
    : [
        ...findings,
        note('providers', `${nothing}; the demo models are on`, 'set one, for example OPENAI_API_KEY'),
      ];
}

/** A key sent in clear text over a network is a key given away; on this machine or in a house network it may be meant. */
function plainHttp(specs: readonly { readonly name: string; readonly baseUrl: string }[]): Finding[] {
  return specs
    .filter(
      ({ baseUrl }) => baseUrl.startsWith('http://') && !/^http:\/\/(127\.|localhost|\[::1\])/.test(baseUrl),
    )
    .map(({ name, baseUrl }) =>
      note(
        'providers',
        `${name} is called without TLS at ${new URL(baseUrl).host}`,
        'use an https:// address unless the way there is trusted',
      ),
    );
}
