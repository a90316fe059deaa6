// The three parts of prom-client that are used, each under its own path: the package as a whole also loads what pushes to
// gateways and gathers from clusters, with the runtime's HTTP client, a megabyte of heap at rest.
declare module 'prom-client/lib/counter.js' {
  import { Counter } from 'prom-client';
  export = Counter;
}
declare module 'prom-client/lib/gauge.js' {
  import { Gauge } from 'prom-client';
  export = Gauge;
}
declare module 'prom-client/lib/registry.js' {
  import { Registry } from 'prom-client';
  export = Registry;
}
