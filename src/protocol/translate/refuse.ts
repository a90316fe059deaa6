// The two refusals of a request translation: a feature the target cannot carry, and a field that makes no sense.
import { type AppError, appError } from '../../errors/app-error.ts';

/** `feature` reads on in "The request uses …". */
export function unsupported(feature: string, target: string, param?: string): AppError {
  return appError('unsupported_feature', {
    params: { feature, target },
    ...(param === undefined ? {} : { param }),
  });
}

export function invalidField(param: string, detail: string): AppError {
  return appError('invalid_request', { params: { detail }, param });
}
