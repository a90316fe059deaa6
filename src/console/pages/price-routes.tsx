// Pages of admins: GET and POST /ui/admin/models/price?model=…, POST /ui/admin/models/price/remove.
import { asObject, parseJson } from '../../lib/json.ts';
import { removePrice, setPrice } from '../../services/set-price.ts';
import { listPriceOverrides } from '../../store/price-overrides.ts';
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
import { ActButton, FormErrors, PostForm, Submit, TextField } from '../views/form.tsx';
import type { FormState, Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Panel } from '../views/piece.tsx';
import type { PageParts } from './page-parts.ts';

const BASE = '/ui/admin/models/price';
const MODELS = '/ui/admin/models';

export function priceRoutes(parts: PageParts): PageRoute[] {
  return [
    adminPage('GET', BASE, (request) => ask(parts, request)),
    adminPage('POST', BASE, (request) => set(parts, request)),
    adminPage('POST', `${BASE}/remove`, async (request) => {
      await removePrice(parts, request, request.form.pattern ?? '');
      return new Redirect(withNotice(MODELS, 'price_removed'));
    }),
  ];
}

async function ask(parts: PageParts, { frame, query }: PersonRequest): Promise<Answer> {
  const pattern = (query.get('model') ?? '').slice(0, 300);
  const found = (await listPriceOverrides(parts.store.read)).find((row) => row.pattern === pattern);
  const price = asObject(parseJson(found?.price ?? 'null')) ?? {};
  const values = {
    pattern,
    input: String(price.input ?? ''),
    output: String(price.output ?? ''),
    cached: String(price.cached ?? ''),
  };
  return new PageAnswer(
    <PricePage frame={frame} state={{ values, errors: {} }} isSet={found !== undefined} />,
  );
}

async function set(parts: PageParts, request: PersonRequest): Promise<Answer> {
  const { form, frame } = request;
  const dollars = (name: string) => {
    const text = (form[name] ?? '').trim().replace(/^\$/, '');
    return /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  };
  const price = {
    pattern: (form.pattern ?? '').trim(),
    input: dollars('input'),
    output: dollars('output'),
    cached: (form.cached ?? '').trim() === '' ? null : dollars('cached'),
  };
  const fields = { pattern: 'pattern', input: 'input', output: 'output', cached: 'cached' };
  const tried = await tryAct(() => setPrice(parts, request, price), fields);
  if (tried.ok) return new Redirect(withNotice(MODELS, 'price_saved'));
  const state = { values: form, errors: tried.errors };
  return new PageAnswer(<PricePage frame={frame} state={state} isSet={false} />, { status: tried.status });
}

export function PricePage({ frame, state, isSet }: { frame: Frame; state: FormState; isSet: boolean }) {
  const pattern = state.values.pattern ?? '';
  return (
    <Page
      frame={frame}
      title="Set a price"
      lead="It counts from now on. Requests of the past keep the price they were written with."
      actions={
        isSet ? (
          <ActButton
            frame={frame}
            action={`${BASE}/remove`}
            label="Use the bundled price again"
            fields={{ pattern }}
          />
        ) : undefined
      }
    >
      <Panel>
        <PostForm frame={frame} action={BASE}>
          <FormErrors state={state} />
          <TextField
            name="pattern"
            label="Model"
            state={state}
            required
            placeholder="openai/gpt-5"
            hint="As provider/model; * stands for anything."
          />
          <TextField name="input" label="Read, dollars per million tokens" state={state} required />
          <TextField name="output" label="Written, dollars per million tokens" state={state} required />
          <TextField
            name="cached"
            label="Read from the cache, dollars per million tokens"
            state={state}
            hint="Empty: the same as read."
          />
          <Submit label="Set price" cancel={MODELS} />
        </PostForm>
      </Panel>
    </Page>
  );
}
