// The page for a failure: what went wrong in plain words, the request id, and a way back.
import type { AppError } from '../../errors/app-error.ts';
import { ErrorPage } from '../pages/gate-pages.tsx';
import type { Frame } from '../views/frame.ts';
import { PageAnswer } from './page-route.ts';

const TITLES: Readonly<Record<number, string>> = {
  403: 'Not for you',
  404: 'There is nothing here',
  405: 'Not possible here',
  413: 'Too much at once',
  429: 'Too many tries',
  500: 'Something went wrong',
  503: 'Not right now',
};

const TEXTS: Readonly<Partial<Record<AppError['code'], string>>> = {
  not_found: 'The page does not exist, or it is not yours to see.',
  object_not_found: 'The page does not exist, or it is not yours to see.',
  admin_required: 'Only admins see this page.',
  csrf_failed:
    'The form did not come from a page of this server, or your session changed meanwhile. Nothing was changed. Load the page again and repeat.',
};

export function errorPage(frame: Frame, error: AppError, requestId: string): PageAnswer {
  const model = {
    title: TITLES[error.status] ?? 'That did not work',
    text: TEXTS[error.code] ?? error.message,
    requestId: error.status >= 500 ? requestId : null,
    back: frame.viewer ? '/ui' : '/ui/sign-in',
  };
  return new PageAnswer(<ErrorPage frame={frame} model={model} />, { status: error.status });
}
