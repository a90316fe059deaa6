// What the pages are built from: the people's parts, the files, and what only the running server knows.

import type { Principal, RequestOrigin } from '../../core/principal.ts';
import type { UsageEvent } from '../../core/usage-event.ts';
import type { PruneJob } from '../../services/prune-job.ts';
import type { Assets } from '../assets/create-assets.ts';
import type { ConsoleParts } from '../console-parts.ts';
import type { Option } from '../views/form.tsx';
import type { LiveRow } from './live-page.tsx';
import type { AliasRow, ModelRow } from './models-page.tsx';
import type { ProviderCard, TestResultModel } from './providers-pages.tsx';
import type { PriceLine } from './request-page.tsx';
import type { Check, SettingRow } from './settings-page.tsx';

/** An admin's act, with who does it and from where, for the audit log. */
export interface Act {
  readonly principal: Principal;
  readonly origin: RequestOrigin;
}

/** Requests in flight. The data plane tells; the pages only look. */
export interface LiveRequests {
  readonly total: () => number;
  /** The oldest first, at most `limit`. */
  readonly list: (limit: number) => Promise<readonly LiveRow[]>;
  /** Calls back after each change; the answer stops it. */
  readonly watch: (changed: () => void) => () => void;
}

export interface ProviderDesk {
  readonly list: () => Promise<readonly ProviderCard[]>;
  /** Providers that a key may be added for. */
  readonly choices: () => readonly Option[];
  readonly add: (
    act: Act,
    key: { provider: string; label: string; secret: string; baseUrl: string | null },
  ) => Promise<void>;
  readonly test: (act: Act, credentialId: string) => Promise<TestResultModel>;
  readonly setEnabled: (act: Act, change: { credentialId: string; enabled: boolean }) => Promise<void>;
  readonly remove: (act: Act, credentialId: string) => Promise<void>;
  /** Labels by credential id, removed ones included where they are known. */
  readonly names: () => Promise<ReadonlyMap<string, string>>;
}

export interface ModelDesk {
  /** Models that may be asked for, `provider/model`. */
  readonly names: () => Promise<readonly string[]>;
  readonly list: () => Promise<readonly Omit<ModelRow, 'requests'>[]>;
  readonly aliases: () => readonly AliasRow[];
  readonly fallbacks: () => readonly AliasRow[];
  /** What each kind of token of this event cost; null where no price is known. */
  readonly lines: (event: UsageEvent) => readonly PriceLine[];
}

export interface SettingsDesk {
  readonly checks: () => Promise<readonly Check[]>;
  /** In force, secrets masked. */
  readonly settings: () => readonly SettingRow[];
}

export interface PageParts extends ConsoleParts {
  readonly assets: Assets;
  readonly live: LiveRequests;
  readonly providers: ProviderDesk;
  readonly models: ModelDesk;
  readonly prune: PruneJob;
  readonly settings: SettingsDesk;
}
