// The few line drawings the dashboard uses, drawn on a 24 by 24 field. Decoration only: a word always stands beside them.

const PATHS = {
  overview: 'M4 13h6V4H4zM14 20h6V4h-6zM4 20h6v-3H4z',
  house: 'M4 20V9l8-5 8 5v11M4 20h16M9.5 20v-6h5v6',
  key: 'M14.5 9.5m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M11 13l-7 7M7 17l2.5 2.5',
  plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  user: 'M12 8m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M4 20c1.5-4 4.5-5.5 8-5.5s6.5 1.5 8 5.5',
  users:
    'M9 8m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M2.5 19c1-3.5 3.5-5 6.5-5s5.5 1.5 6.5 5M16 5a3.5 3.5 0 0 1 0 6.5M18 14.5c2 .7 3 2.2 3.5 4.5',
  server: 'M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01',
  tag: 'M4 4h8l8 8-8 8-8-8zM8.5 8.5h.01',
  chart: 'M4 20h16M7 20v-7M12 20V6M17 20v-11',
  gauge: 'M4 17a8 8 0 1 1 16 0M12 17l4-5M12 17h.01',
  pulse: 'M3 12h4l3-7 4 14 3-7h4',
  scroll: 'M6 4h12v16H6zM9 8h6M9 12h6M9 16h4',
  gear: 'M5 7h9M18 7h1M5 17h1M10 17h9M14 7a2 2 0 1 0 4 0a2 2 0 1 0-4 0M6 17a2 2 0 1 0 4 0a2 2 0 1 0-4 0',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  warn: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  info: 'M12 12m-9 0a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 11v5M12 8h.01',
  menu: 'M4 7h16M4 12h16M4 17h16',
  exit: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  down: 'M7 10l5 5 5-5',
  up: 'M7 14l5-5 5 5',
  help: 'M12 12m-9 0a9 9 0 1 0 18 0a9 9 0 1 0-18 0M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5h.01',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark: a gate half open. */
export function Mark() {
  return (
    <svg viewBox="0 0 24 24" fill="none" aria-hidden="true" class="size-6 text-primary">
      <path d="M3 21V5.5L12 3l9 2.5V21" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />
      <path d="M8 21v-9.5a4 4 0 0 1 8 0V21" stroke="currentColor" stroke-width="2" />
      <path d="M12 21v-9" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
    </svg>
  );
}
