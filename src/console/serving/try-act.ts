// Turns a refusal that a person can mend into errors of the form they filled in. Everything else is thrown on.
import { AppError } from '../../errors/app-error.ts';
import type { FormState } from '../views/frame.ts';

const MENDABLE = new Set([400, 401, 403, 409, 410, 422, 429]);

export type Tried<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errors: FormState['errors']; readonly status: number };

/**
 * `fields` maps the names that services give faults to the names of this form's fields;
 * a fault of no field stands above the form.
 */
export async function tryAct<T>(
  act: () => Promise<T>,
  fields: Readonly<Record<string, string>> = {},
): Promise<Tried<T>> {
  try {
    return { ok: true, value: await act() };
  } catch (error) {
    if (!(error instanceof AppError) || !MENDABLE.has(error.status)) throw error;
    const field = fields[error.options.param ?? ''] ?? '';
    const text = /[.!?]$/.test(error.message) ? error.message : `${error.message}.`;
    return { ok: false, errors: { [field]: text }, status: error.status };
  }
}
