// Pages of admins: GET /ui/admin/settings.
import { adminPage, PageAnswer, type PageRoute } from '../serving/page-route.ts';
import type { PageParts } from './page-parts.ts';
import { SettingsPage } from './settings-page.tsx';

export function settingsRoutes(parts: PageParts): PageRoute[] {
  return [
    adminPage('GET', '/ui/admin/settings', async ({ frame }) => {
      const model = {
        checks: await parts.settings.checks(),
        settings: parts.settings.settings(),
        prune: null,
      };
      return new PageAnswer(<SettingsPage frame={frame} model={model} />);
    }),
  ];
}
