// Pages of admins: GET and POST /ui/admin/providers, /list (the part that refreshes), /new, and the acts on one credential.

import { withNotice } from '../serving/notices.ts';
import {
  type Answer,
  adminPage,
  PageAnswer,
  type PageRoute,
  type PersonRequest,
  Redirect,
} from '../serving/page-route.ts';
import { tryAct } from '../serving/try-act.ts';
import { ConfirmPage } from '../views/confirm.tsx';
import { EMPTY_FORM, type FormState } from '../views/frame.ts';
import type { PageParts } from './page-parts.ts';
import { NewCredentialPage, ProviderList, ProvidersPage, TestResultPage } from './providers-pages.tsx';

const BASE = '/ui/admin/providers';
const ONE = `${BASE}/credentials/:id`;

export function providersRoutes(parts: PageParts): PageRoute[] {
  return [
    adminPage('GET', BASE, async ({ frame }) => {
      const model = { providers: await parts.providers.list() };
      return new PageAnswer(<ProvidersPage frame={frame} model={model} />);
    }),
    adminPage('GET', `${BASE}/list`, async ({ frame }) => {
      const model = { providers: await parts.providers.list() };
      return new PageAnswer(<ProviderList frame={frame} model={model} />, { isPiece: true });
    }),
    adminPage('GET', `${BASE}/new`, (request) => showForm(parts, request, EMPTY_FORM)),
    adminPage('POST', BASE, (request) => add(parts, request)),
    adminPage('POST', `${ONE}/test`, (request) => test(parts, request)),
    adminPage('GET', `${ONE}/disable`, (request) => askDisable(parts, request)),
    adminPage('POST', `${ONE}/disable`, (request) => setEnabled(parts, request, false)),
    adminPage('POST', `${ONE}/enable`, (request) => setEnabled(parts, request, true)),
    adminPage('GET', `${ONE}/delete`, (request) => askDelete(parts, request)),
    adminPage('POST', `${ONE}/delete`, (request) => remove(parts, request)),
  ];
}

function showForm(parts: PageParts, { frame }: PersonRequest, state: FormState, status = 200): Answer {
  const model = { state, providers: parts.providers.choices() };
  return new PageAnswer(<NewCredentialPage frame={frame} model={model} />, { status });
}

async function add(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { form } = request;
  const { provider = '', name = '', base_url = '', label = '', secret = '' } = form;
  const values = { provider, name, base_url, label };
  const isOther = provider === '';
  if (isOther && name.trim() === '') {
    const errors = {
      name: 'Give the other provider a name, as it will stand before the slash of its models.',
    };
    return showForm(parts, request, { values, errors }, 422);
  }
  const tried = await tryAct(
    () =>
      parts.providers.add(request, {
        provider: isOther ? name : provider,
        label: label.trim() === '' ? 'added here' : label,
        secret,
        baseUrl: base_url.trim() === '' ? null : base_url.trim(),
      }),
    { provider: isOther ? 'name' : 'provider', label: 'label', secret: 'secret', base_url: 'base_url' },
  );
  if (tried.ok) return new Redirect(withNotice(BASE, 'credential_added'));
  return showForm(parts, request, { values, errors: tried.errors }, tried.status);
}

async function test(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const model = await parts.providers.test(request, request.params.id ?? '');
  return new PageAnswer(<TestResultPage frame={request.frame} model={model} />);
}

async function setEnabled(parts: PageParts, request: PersonRequest, enabled: boolean): Promise<Answer> {
  await parts.providers.setEnabled(request, { credentialId: request.params.id ?? '', enabled });
  return new Redirect(withNotice(BASE, enabled ? 'credential_enabled' : 'credential_disabled'));
}

async function askDisable(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const id = request.params.id ?? '';
  const label = await labelOf(parts, id);
  const model = {
    title: `Switch off ${label}`,
    consequences: [
      'No new request uses this key; those under way end as they are.',
      'If it is the last key of its provider, requests for its models are refused.',
      'You can switch it on again.',
    ],
    action: `${BASE}/credentials/${id}/disable`,
    button: 'Switch off',
    cancel: BASE,
  };
  return new PageAnswer(<ConfirmPage frame={request.frame} model={model} />);
}

async function askDelete(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const id = request.params.id ?? '';
  const label = await labelOf(parts, id);
  const model = {
    title: `Delete ${label}`,
    consequences: [
      'The key is removed for good. Nobody can read it out before.',
      'If it is the last key of its provider, requests for its models are refused.',
      'Its past use stays in the figures.',
    ],
    action: `${BASE}/credentials/${id}/delete`,
    button: 'Delete key',
    cancel: BASE,
  };
  return new PageAnswer(<ConfirmPage frame={request.frame} model={model} />);
}

async function remove(parts: PageParts, request: PersonRequest): Promise<Answer> {
  await parts.providers.remove(request, request.params.id ?? '');
  return new Redirect(withNotice(BASE, 'credential_deleted'));
}

async function labelOf(parts: PageParts, id: string): Promise<string> {
  return (await parts.providers.names()).get(id) ?? 'this key';
}
