// Gemini's own endpoints, whose model and stream flag stand in the path: the request read from both.
//
//   POST /{v1,v1beta}/models/{model}:generateContent    …:streamGenerateContent
import { readGenerateRequest } from '../protocol/gemini/read-request.ts';
import type { Endpoint } from './endpoint.ts';

const PATH = /^\/v1(?:beta)?\/models\/(.+):(generateContent|streamGenerateContent)$/;

/** Null when the path is none of these. A name without a provider is Gemini's own, as Gemini's clients send it. */
export function generateEndpoint(path: string): Endpoint | null {
  const match = PATH.exec(path);
  if (!match?.[1]) return null;
  const name = decodeURIComponent(match[1]);
  const model = name.includes('/') ? name : `gemini/${name}`;
  const stream = match[2] === 'streamGenerateContent';
  return {
    name: `/v1beta/models:${match[2]}`,
    dialect: 'gemini',
    errorShape: 'gemini',
    readRequest: (body) => ({ ...readGenerateRequest(body), model, stream }),
  };
}
