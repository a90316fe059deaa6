// Guarantee: the environment gives exactly the keys it means, each for one provider's URL alone (E25, E29).
import { describe, expect, test } from 'bun:test';
import { discoverProviders } from '../../../src/upstream/providers/discover.ts';
import { PROVIDER_TABLE } from '../../../src/upstream/providers/table.ts';
import { upstreamUrl } from '../../../src/upstream/upstream-url.ts';

describe('discoverProviders', () => {
  test('keys in the order of their numbers, doubles and blanks left out', () => {
    const { specs, credentials } = discoverProviders({
      GROQ_API_KEY_10: 'ten',
      GROQ_API_KEY_2: 'two',
      GROQ_API_KEY: ' one ',
      GROQ_API_KEY_3: '  ',
      GROQ_API_KEY_4: 'two',
    });
    expect(specs.map((spec) => spec.name)).toEqual(['groq']);
    expect(credentials.map((each) => each.secret)).toEqual(['one', 'two', 'ten']);
    expect(new Set(credentials.map((each) => each.id)).size).toBe(3);
  });

  test('the master key, key files and consumer logins are no provider keys', () => {
    const found = discoverProviders({
      PROXY_API_KEY: 'master',
      PROXY_API_KEY_2: 'master',
      OPENAI_API_KEY_FILE: '/run/key',
      GEMINI_CLI_ACCESS_TOKEN: 'x',
      LANGSMITH_API_KEY: 'x',
    });
    expect(found.specs).toEqual([]);
    expect(found.credentials).toEqual([]);
    expect(found.notices.join('\n')).toContain('OPENAI_API_KEY_FILE');
    expect(found.notices.join('\n')).toContain('GEMINI_CLI_ACCESS_TOKEN');
    expect(found.notices.join('\n')).toContain('LANGSMITH_API_BASE');
    expect(found.notices.join('\n')).not.toContain('master');
  });

  test('two custom providers keep their own URLs and keys', () => {
    const { specs, credentials } = discoverProviders({
      ALPHA_API_BASE: 'http://10.0.0.1:9000/v1/',
      ALPHA_API_KEY: 'a',
      BETA_API_BASE: 'http://10.0.0.2:9000/v1',
      BETA_API_KEY: 'b',
    });
    expect(specs.map((spec) => [spec.name, spec.baseUrl, spec.custom])).toEqual([
      ['alpha', 'http://10.0.0.1:9000/v1', true],
      ['beta', 'http://10.0.0.2:9000/v1', true],
    ]);
    expect(credentials.map((each) => [each.provider, each.secret])).toEqual([
      ['alpha', 'a'],
      ['beta', 'b'],
    ]);
  });

  test('a base URL moves every call of a known provider, its list of models included', () => {
    const [spec] = discoverProviders({ OPENAI_API_KEY: 'k', OPENAI_API_BASE: 'https://eu.example/v1' }).specs;
    if (!spec) throw new Error('no spec');
    for (const operation of ['chat', 'models', 'embeddings'] as const)
      expect(upstreamUrl(spec, operation, 'm', '')).toStartWith('https://eu.example/v1/');
  });

  test('LiteLLM’s spellings and servers without keys', () => {
    const { specs, credentials } = discoverProviders({
      TOGETHERAI_API_KEY: 't',
      OLLAMA_API_BASE: 'http://127.0.0.1:11434/v1',
    });
    expect(specs.map((spec) => [spec.name, spec.auth])).toEqual([
      ['together', 'bearer'],
      ['ollama', 'none'],
    ]);
    expect(credentials.find((each) => each.provider === 'ollama')?.secret).toBe('');
  });

  test('base URLs that could lead anywhere else are refused', () => {
    for (const base of ['file:///etc/passwd', 'https://user:pw@host/v1', 'nonsense', 'https://h/v1?x=1'])
      expect(discoverProviders({ ALPHA_API_BASE: base, ALPHA_API_KEY: 'a' }).specs).toEqual([]);
  });

  test('Azure: both forms of its URL, and the api-key header', () => {
    const env = { AZURE_API_KEY: 'k', AZURE_API_BASE: 'https://res.openai.azure.com/' };
    const [plain] = discoverProviders(env).specs;
    const [classic] = discoverProviders({ ...env, AZURE_API_VERSION: '2024-10-21' }).specs;
    if (!plain || !classic) throw new Error('no spec');
    expect(plain.auth).toBe('api-key');
    expect(upstreamUrl(plain, 'chat', 'gpt', '')).toBe(
      'https://res.openai.azure.com/openai/v1/chat/completions',
    );
    expect(upstreamUrl(classic, 'chat', 'my gpt', '')).toBe(
      'https://res.openai.azure.com/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21',
    );
    expect(discoverProviders({ AZURE_API_KEY: 'k' }).specs).toEqual([]);
  });

  test('a model name never climbs out of its path', () => {
    const gemini = PROVIDER_TABLE.find((spec) => spec.name === 'gemini');
    if (!gemini) throw new Error('no spec');
    expect(upstreamUrl(gemini, 'generate', '../../admin?x#y', '')).toBe(
      'https://generativelanguage.googleapis.com/v1beta/models/_/_/admin%3Fx%23y:generateContent',
    );
    expect(upstreamUrl(gemini, 'stream_generate', 'models/g', '?alt=sse&key=stolen')).toBe(
      'https://generativelanguage.googleapis.com/v1beta/models/g:streamGenerateContent?alt=sse',
    );
  });
});
