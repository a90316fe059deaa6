// Guarantee: environment, tollgate.yaml and store give one provider table; secrets never show in its description.
import { describe, expect, test } from 'bun:test';
import { yamlSchema } from '../../../src/config/yaml-schema.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createAddressGuard } from '../../../src/upstream/address-guard.ts';
import {
  assembleProviders,
  describeProviders,
  type ProviderSources,
} from '../../../src/upstream/providers/assemble-providers.ts';

function assemble(more: Partial<ProviderSources> & { yaml?: object }) {
  const { yaml, ...rest } = more;
  const file = yamlSchema.parse({ providers: yaml ?? {} }).providers;
  return assembleProviders({
    env: {},
    file,
    stored: [],
    disabled: new Set(),
    guard: createAddressGuard({ allowPrivate: [], clock: systemClock }),
    tolerance: 3,
    exhaustionMs: 300_000,
    byFetch: false,
    ...rest,
  });
}

describe('assembleProviders', () => {
  test('the file adds keys and a URL to a provider of the environment; a variable wins over the file', () => {
    const set = assemble({
      env: { OPENAI_API_KEY: 'sk-from-environment-1234', OPENAI_API_BASE: 'https://env.example/v1' },
      yaml: {
        openai: {
          base_url: 'https://file.example/v1',
          api_keys: ['sk-from-file-5678901234'],
          rotation: 'sequential',
        },
      },
    });
    expect(set.specs.map((spec) => [spec.name, spec.baseUrl])).toEqual([
      ['openai', 'https://env.example/v1'],
    ]);
    expect(set.credentials.map((each) => each.source)).toEqual(['environment', 'file']);
    expect(set.settings.get('openai')?.mode).toBe('sequential');
  });

  test('where the environment names a proxy, or the operator wants it, the runtime calls all providers', () => {
    const env = { HOUSE_API_KEY: 'k', HOUSE_API_BASE: 'http://10.1.2.3/v1' };
    const viaFetch = (more: object) =>
      assemble({ env: { ...env, ...more } }).specs.map((spec) => spec.viaFetch ?? false);
    expect(viaFetch({})).toEqual([false]);
    expect(viaFetch({ HTTPS_PROXY: 'http://proxy.example:3128' })).toEqual([true]);
    expect(viaFetch({ HTTP_PROXY: 'http://proxy.example:3128' })).toEqual([true]);
    expect(viaFetch({ http_proxy: 'http://proxy.example:3128' })).toEqual([true]);
    expect(assemble({ env, byFetch: true }).specs.map((spec) => spec.viaFetch)).toEqual([true]);
  });

  test('a key of the environment meets its URL in the file', () => {
    const set = assemble({
      env: { HOUSE_API_KEY: 'k' },
      yaml: { house: { base_url: 'http://10.1.2.3/v1' } },
    });
    expect(set.notices).toEqual([]);
    expect(set.specs[0]).toMatchObject({
      name: 'house',
      baseUrl: 'http://10.1.2.3/v1',
      auth: 'bearer',
      custom: true,
    });
    expect(set.credentials).toHaveLength(1);
  });

  test('a custom provider may speak another protocol, and may need no key', () => {
    const set = assemble({ yaml: { local: { base_url: 'http://127.0.0.1:1/v1', protocol: 'anthropic' } } });
    expect(set.specs[0]).toMatchObject({
      protocol: 'anthropic',
      baseUrl: 'http://127.0.0.1:1',
      auth: 'none',
    });
    expect(set.specs[0]?.endpoints.messages).toBe('/v1/messages');
    expect(set.credentials).toHaveLength(1);
  });

  test('stored keys join, with a URL of their own when nobody knows one', () => {
    const stored = { id: 'crd_1', provider: 'groq', secret: 's', label: 'team', priority: 1, baseUrl: null };
    const set = assemble({
      stored: [
        stored,
        { ...stored, id: 'crd_2', provider: 'far', baseUrl: 'https://far.example/v1' },
        { ...stored, id: 'crd_3', provider: 'nowhere' },
      ],
    });
    expect(set.specs.map((spec) => spec.name)).toEqual(['groq', 'far']);
    expect(set.credentials.map((each) => [each.id, each.priority])).toEqual([
      ['crd_1', 1],
      ['crd_2', 1],
    ]);
    expect(set.notices.join()).toContain('nowhere');
  });

  test('what is wrong is named with what is allowed', () => {
    const set = assemble({
      env: { GROQ_API_KEY: 'k', ROTATION_MODE_GROQ: 'x', GROQ_MODELS: '{oops' },
      yaml: { mystery: {}, openai: { base_url: 'ftp://h/v1', api_keys: ['k'] } },
    });
    expect(set.problems).toHaveLength(4);
    for (const problem of set.problems) expect(problem).toMatch(/given .+(allowed|must)/);
  });

  test('the description shows everything but the secrets', () => {
    const secret = 'sk-very-secret-value-123456';
    const set = assemble({ env: { OPENAI_API_KEY: secret, OLLAMA_API_BASE: 'http://127.0.0.1:11434/v1' } });
    const text = describeProviders(set).join('\n');
    expect(text).toContain('openai: openai, https://api.openai.com/v1, balanced');
    expect(text).toContain('OPENAI_API_KEY  sk-…3456');
    expect(text).toContain('(no key)');
    expect(text).not.toContain(secret);
    expect(text).not.toContain('very-secret');
  });
});
