// Guarantee: a Messages request arrives at Gemini-shaped providers, by way of chat, with everything they can take.
import { describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../../src/lib/json.ts';
import { sealReasoning } from '../../../src/protocol/translate/reasoning.ts';
import { translateRequest } from '../../support/translation.ts';

const toGemini = (body: JsonObject) =>
  translateRequest(
    { max_tokens: 100, messages: [{ role: 'user', content: 'hi' }], ...body },
    { client: 'anthropic-messages', provider: 'gemini', name: 'gemini', model: 'gemini-3-pro' },
  );

describe('onto Gemini, through chat', () => {
  test('everything that chat and Gemini share', () => {
    const { body } = toGemini({
      system: 'Be brief.',
      temperature: 0.2,
      top_k: 7,
      stop_sequences: ['1', '2', '3', '4', '5'],
      thinking: { type: 'enabled', budget_tokens: 8_000 },
      tools: [{ name: 'f', input_schema: { $schema: 'x', type: 'object', additionalProperties: false } }],
      tool_choice: { type: 'tool', name: 'f' },
      messages: [
        {
          role: 'user',
          content: [
            { type: 'document', source: { type: 'url', url: 'https://x.test/a.pdf' } },
            { type: 'text', text: 'hi' },
          ],
        },
        {
          role: 'assistant',
          content: [
            {
              type: 'thinking',
              thinking: '',
              signature: sealReasoning({
                provider: 'gemini',
                details: [{ type: 'reasoning.encrypted', id: 't1', data: 'SIG', format: 'google-gemini-v1' }],
              }),
            },
            { type: 'tool_use', id: 't1', name: 'f', input: { a: 1 } },
          ],
        },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 't1', is_error: true, content: 'no' }],
        },
      ],
    });
    expect(body).toEqual({
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        {
          role: 'user',
          parts: [
            { fileData: { mimeType: 'application/pdf', fileUri: 'https://x.test/a.pdf' } },
            { text: 'hi' },
          ],
        },
        { role: 'model', parts: [{ functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'SIG' }] },
        { role: 'user', parts: [{ functionResponse: { name: 'f', response: { error: 'no' } } }] },
      ],
      tools: [
        {
          functionDeclarations: [
            { name: 'f', parametersJsonSchema: { type: 'object', additionalProperties: false } },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
      generationConfig: {
        maxOutputTokens: 100,
        temperature: 0.2,
        topK: 7,
        stopSequences: ['1', '2', '3', '4', '5'],
        thinkingConfig: { thinkingLevel: 'medium', includeThoughts: true },
      },
    });
  });

  test('asks for no more output than the model can give', () => {
    expect(toGemini({ max_tokens: 128_000 }).body.generationConfig).toEqual({ maxOutputTokens: 65_536 });
  });

  test('a call whose signature was lost carries the documented stand-in', () => {
    const messages = [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'f', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'ok' }] },
    ];
    expect(JSON.stringify(toGemini({ messages }).body)).toContain(
      '"thoughtSignature":"skip_thought_signature_validator"',
    );
  });
});
