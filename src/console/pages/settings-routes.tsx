// Pages of admins: GET /ui/admin/settings, POST /ui/admin/settings/prune (asks once), GET of the same (how far it is).
import { doerOf } from '../../core/principal.ts';
import { withNotice } from '../serving/notices.ts';
import {
  type Answer,
  adminPage,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
  Redirect,
} from '../serving/page-route.ts';
import { ConfirmPage } from '../views/confirm.tsx';
import { EMPTY_FORM, type FormState } from '../views/frame.ts';
import type { PageParts } from './page-parts.ts';
import { PruneProgress, SettingsPage } from './settings-page.tsx';

const BASE = '/ui/admin/settings';
const DAYS_MAX = 36_500;

export function settingsRoutes(parts: PageParts): PageRoute[] {
  return [
    adminPage('GET', BASE, (request) => show(parts, request, EMPTY_FORM)),
    adminPage('POST', `${BASE}/prune`, (request) => prune(parts, request)),
    adminPage('GET', `${BASE}/prune`, () => {
      return new PageAnswer(<PruneProgress job={parts.prune.state()} />, { isPiece: true });
    }),
  ];
}

async function show(
  parts: PageParts,
  { frame }: PersonRequest,
  state: FormState,
  status = 200,
): Promise<Answer> {
  const model = {
    checks: await parts.settings.checks(),
    settings: parts.settings.settings(),
    prune: { state, job: parts.prune.state() },
  };
  return new PageAnswer(<SettingsPage frame={frame} model={model} />, { status });
}

async function prune(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { form, frame, principal, origin } = request;
  const days = /^\d{1,5}$/.test(form.days ?? '') ? Number(form.days) : 0;
  if (days < 1 || days > DAYS_MAX) {
    const errors = { days: `Write a whole number of days from 1 to ${DAYS_MAX}.` };
    return show(parts, request, { values: form, errors }, 422);
  }
  if (form.sure === '1') {
    parts.prune.start({ doer: doerOf(principal, origin), retentionDays: days });
    return new Redirect(withNotice(BASE, 'prune_started'));
  }
  const model = {
    title: 'Prune old requests',
    consequences: [
      `Requests older than ${days} days are removed one by one, attempts included. This cannot be undone.`,
      'Sums per day, user, key, model and provider stay.',
      'It runs in the background and never holds up a request.',
    ],
    action: `${BASE}/prune`,
    button: 'Prune',
    cancel: BASE,
    fields: (
      <>
        <input type="hidden" name="days" value={String(days)} />
        <input type="hidden" name="sure" value="1" />
      </>
    ),
  };
  return new PageAnswer(<ConfirmPage frame={frame} model={model} />);
}
