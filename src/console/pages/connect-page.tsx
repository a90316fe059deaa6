// How to point a program at this server: settings to copy, with a place for the key.
import { type ConnectTo, clientSettings } from '../views/client-settings.ts';
import { ClientPicker } from '../views/code.tsx';
import type { Frame } from '../views/frame.ts';
import { Page } from '../views/layout.tsx';
import { Empty, LinkButton, Panel } from '../views/piece.tsx';

export interface ConnectModel {
  readonly connect: ConnectTo;
  readonly client: string;
  readonly models: readonly string[];
  readonly hasKey: boolean;
}

export function ConnectPage({ frame, model }: { frame: Frame; model: ConnectModel }) {
  const href = (client: string) =>
    `/ui/connect?${new URLSearchParams({ client, model: model.connect.model }).toString()}`;
  return (
    <Page
      frame={frame}
      title="Connect"
      lead="Settings for your program, ready to copy. Put your own key where it says so."
      actions={
        <LinkButton href="/ui/keys/new" kind="primary">
          New key
        </LinkButton>
      }
    >
      <div class="stack">
        {model.models.length === 0 ? (
          <Panel>
            <Empty icon="tag" title="No model to choose from">
              No provider is configured, or your keys may use none of its models. Ask an admin.
            </Empty>
          </Panel>
        ) : (
          <form method="get" action="/ui/connect" class="filters">
            <input type="hidden" name="client" value={model.client} />
            <div class="field min-w-0 grow sm:max-w-md">
              <label for="model">Model</label>
              <select id="model" name="model" class="select" data-autosubmit>
                {model.models.map((each) => (
                  <option value={each} {...(each === model.connect.model ? { selected: true } : {})}>
                    {each}
                  </option>
                ))}
              </select>
            </div>
            <button type="submit" class="btn btn-outline btn-sm h-9" data-autosubmit-button>
              Use this model
            </button>
          </form>
        )}
        <section class="panel">
          <div class="panel-body">
            <ClientPicker clients={clientSettings(model.connect)} chosen={model.client} href={href} />
          </div>
        </section>
        {model.hasKey ? null : (
          <p class="quiet text-sm">
            You have no active key yet;{' '}
            <a class="inline-link" href="/ui/keys/new">
              make one
            </a>{' '}
            first. On the page that shows it, it is already filled in.
          </p>
        )}
      </div>
    </Page>
  );
}
