// The one question before a destructive act: what will stop working, and two ways out. A page of its own, so it needs no JavaScript.
import type { Child } from 'hono/jsx';
import { PostForm, Submit } from './form.tsx';
import type { Frame } from './frame.ts';
import { Page } from './layout.tsx';
import { Panel } from './piece.tsx';

export interface ConfirmModel {
  readonly title: string;
  /** What will stop working, one sentence each. */
  readonly consequences: readonly string[];
  readonly action: string;
  readonly button: string;
  readonly cancel: string;
  readonly fields?: Child;
}

export function ConfirmPage({ frame, model }: { frame: Frame; model: ConfirmModel }) {
  return (
    <Page frame={frame} title={model.title}>
      <div class="max-w-2xl">
        <Panel>
          <h2>What happens</h2>
          <ul class="mt-3 mb-6 grid list-disc gap-1.5 pl-5">
            {model.consequences.map((each) => (
              <li>{each}</li>
            ))}
          </ul>
          <PostForm frame={frame} action={model.action}>
            {model.fields}
            <Submit label={model.button} danger cancel={model.cancel} />
          </PostForm>
        </Panel>
      </div>
    </Page>
  );
}
