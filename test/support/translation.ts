// Short words for tests of request translation.

import type { Dialect } from '../../src/core/wire.ts';
import { AppError } from '../../src/errors/app-error.ts';
import type { JsonObject } from '../../src/lib/json.ts';
import type { TranslatedRequest } from '../../src/protocol/translate/translator.ts';
import { translatorFor } from '../../src/protocol/translate/translators.ts';

export interface Direction {
  readonly client: Dialect;
  readonly provider: Dialect;
  /** Name of the provider, which decides its optional fields. */
  readonly name: string;
  readonly model: string;
}

export function translateRequest(body: JsonObject, to: Direction): TranslatedRequest {
  const translator = translatorFor(to.client, to.provider);
  if (!translator) throw new Error(`no translator from ${to.client} to ${to.provider}`);
  return translator.request(body, { model: to.model, provider: to.name, includeUsage: true });
}

/** Code and field of the refusal; fails when there is none. */
export function refusalOf(act: () => unknown): { code: string; param: string | undefined; message: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError)
      return { code: error.code, param: error.options.param, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}
