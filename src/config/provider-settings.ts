// Families of settings whose names carry a provider (`<P>`, upper case). Read by src/upstream; named here so that
// a name nobody knows can be refused. Also the predecessor's names that mean nothing any more.

interface SettingFamily {
  readonly name: string;
  readonly pattern: RegExp;
  readonly about: string;
}

export const PROVIDER_SETTINGS: readonly SettingFamily[] = [
  {
    name: '<P>_API_KEY[_N]',
    pattern: /^(?!PROXY_)[A-Z][A-Z0-9_]*?_API_KEY(_[A-Z0-9_]+)?$/,
    about: 'A provider key; number further ones.',
  },
  {
    name: '<P>_API_BASE',
    pattern: /^[A-Z][A-Z0-9_]*_API_BASE$/,
    about: 'Base URL of a known provider, or a new OpenAI-compatible one.',
  },
  {
    name: '<P>_MODELS',
    pattern: /^(?!IGNORE_|WHITELIST_)[A-Z][A-Z0-9_]*_MODELS$/,
    about: 'JSON list of models, or object of name to `{id, options}`.',
  },
  {
    name: 'IGNORE_MODELS_<P>',
    pattern: /^IGNORE_MODELS_/,
    about: 'Comma list of globs: hidden and refused.',
  },
  {
    name: 'WHITELIST_MODELS_<P>',
    pattern: /^WHITELIST_MODELS_/,
    about: 'Comma list of globs: always allowed.',
  },
  { name: 'ROTATION_MODE_<P>', pattern: /^ROTATION_MODE_/, about: '`balanced` or `sequential`.' },
  {
    name: 'MAX_CONCURRENT_REQUESTS_PER_KEY_<P>',
    pattern: /^MAX_CONCURRENT_REQUESTS_PER_KEY_/,
    about: 'Hard ceiling of calls at once on one provider key; 0 means none.',
  },
  {
    name: 'OPTIMAL_CONCURRENT_REQUESTS_PER_KEY_<P>',
    pattern: /^OPTIMAL_CONCURRENT_REQUESTS_PER_KEY_/,
    about: 'Calls at once up to which load is spread first.',
  },
  {
    name: 'CONCURRENCY_MULTIPLIER_<P>_PRIORITY_<N>',
    pattern: /^CONCURRENCY_MULTIPLIER_/,
    about: 'Multiplies the ceiling for a priority; `_BALANCED` or `_SEQUENTIAL` for one mode.',
  },
  {
    name: 'SEQUENTIAL_FALLBACK_MULTIPLIER_<P>',
    pattern: /^SEQUENTIAL_FALLBACK_MULTIPLIER_/,
    about: 'Multiplier for priorities without an entry.',
  },
  {
    name: 'PRIORITY_<P>_<N>',
    pattern: /^PRIORITY_/,
    about: 'Priority of the provider key with that suffix; lower goes first.',
  },
  {
    name: 'QUOTA_GROUPS_<P>_<GROUP>',
    pattern: /^QUOTA_GROUPS_/,
    about: 'Comma list of models that share one quota.',
  },
  {
    name: 'FAIR_CYCLE_<P>',
    pattern: /^FAIR_CYCLE_/,
    about:
      'Fair cycle on or off; also `FAIR_CYCLE_TRACKING_MODE_`, `_CROSS_TIER_`, `_DURATION_`, `_QUOTA_THRESHOLD_` and `_RESET_COOLDOWN_THRESHOLD_<P>`.',
  },
  {
    name: 'EXHAUSTION_COOLDOWN_THRESHOLD_<P>',
    pattern: /^EXHAUSTION_COOLDOWN_THRESHOLD_/,
    about: 'As the general setting, for one provider.',
  },
  {
    name: 'CUSTOM_CAP_<P>_T<TIERS>_<MODEL>',
    pattern: /^CUSTOM_CAP_/,
    about: 'Request cap per tier and model or group; `CUSTOM_CAP_COOLDOWN_…` sets its cool-down.',
  },
];

/** Names of the predecessor that have no effect here; `doctor` says so. */
export const WITHOUT_EFFECT: readonly RegExp[] = [
  /^(GEMINI_CLI|ANTIGRAVITY|QWEN_CODE|IFLOW)_(?!API_KEY)/,
  /^OAUTH_REFRESH_INTERVAL$/,
  /^SKIP_OAUTH_INIT_CHECK$/,
  /_QUOTA_REFRESH_INTERVAL$/,
  /^SUPPRESS_LITELLM_SERIALIZATION_WARNINGS$/,
  /^LITELLM_LOG$/,
];
