// Keeps provider addresses that an admin typed in away from the inside of the network (security.md T31).
// The address that was checked is the address that is dialled: a name that resolves to something else a moment later
// changes nothing. Never judges addresses from the environment or tollgate.yaml: those are the operator's own word.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type AddressList, allowsAddress, readAddressList } from '../core/limits/access-list.ts';
import { isPublicAddress } from '../core/public-address.ts';
import type { Clock } from '../lib/clock.ts';

/** How long a checked address is dialled before the name is asked again. */
const PIN_MS = 30_000;
/** More names than this at once are no providers any more. */
const PINS_MAX = 256;

export interface PinnedAddress {
  readonly kind: 'pinned';
  /** The URL with the checked address in place of the name. */
  readonly url: string;
  /** For the Host header: the name, and the port when it is not the scheme's own. */
  readonly host: string;
  /** For the certificate; null where there is no name to check. */
  readonly serverName: string | null;
}

/** `reason` ends the sentence "The address …" and is fit for people. */
export interface AddressRefused {
  readonly kind: 'refused';
  readonly reason: string;
}

export interface AddressGuard {
  /** Checks, and says what to dial. */
  readonly pin: (url: string) => Promise<PinnedAddress | AddressRefused>;
}

export type Resolve = (name: string) => Promise<readonly string[]>;

export interface AddressGuardOptions {
  /** ALLOW_PRIVATE_UPSTREAMS: ranges an admin may name although they are not public. */
  readonly allowPrivate: readonly string[];
  readonly clock: Clock;
  readonly resolve?: Resolve;
}

export function createAddressGuard(options: AddressGuardOptions): AddressGuard {
  const allowed: AddressList | null =
    options.allowPrivate.length === 0 ? null : readAddressList(options.allowPrivate);
  const resolve = options.resolve ?? resolveName;
  const pins = new Map<string, { readonly address: string; readonly untilMs: number }>();

  async function addressOf(name: string): Promise<string | AddressRefused> {
    const known = pins.get(name);
    if (known && known.untilMs > options.clock.monotonicMs()) return known.address;
    let addresses: readonly string[];
    try {
      addresses = isIP(name) === 0 ? await resolve(name) : [name];
    } catch {
      return refused(`cannot be found: the name ${name} does not resolve`);
    }
    const wrong = addresses.find((address) => !mayDial(address, allowed));
    // One private address among public ones is enough: which one gets dialled is not the name's to choose.
    if (wrong !== undefined) {
      return refused(
        `is ${wrong}, which is not a public address. To allow it, add its range to ALLOW_PRIVATE_UPSTREAMS`,
      );
    }
    const address = addresses.find((each) => isIP(each) === 4) ?? addresses[0];
    if (address === undefined) return refused(`cannot be found: the name ${name} has no address`);
    if (pins.size >= PINS_MAX) pins.clear();
    pins.set(name, { address, untilMs: options.clock.monotonicMs() + PIN_MS });
    return address;
  }

  return {
    pin: async (text) => {
      // Parsers disagree about these, and somebody else may read the address with another parser.
      const url = /[\s\\\p{Cc}]/u.test(text) ? null : URL.parse(text);
      const fault = url ? urlFault(url) : 'is not a URL';
      if (!url || fault !== null) return refused(fault ?? 'is not a URL');
      const name = url.hostname.replace(/^\[|\]$/g, '');
      const address = await addressOf(name);
      if (typeof address !== 'string') return address;
      const host = url.host;
      url.hostname = isIP(address) === 6 ? `[${address}]` : address;
      return { kind: 'pinned', url: url.href, host, serverName: isIP(name) === 0 ? name : null };
    },
  };
}

/** What is wrong with the form of the URL, before any name is asked for. */
function urlFault(url: URL): string | null {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must start with https:// or http://';
  if (url.username !== '' || url.password !== '') return 'must not carry a user name or password';
  if (url.hostname === '') return 'has no host';
  // Resolvers and certificates disagree about what the dot at the end means.
  if (url.hostname.endsWith('.')) return 'must not end in a dot';
  return null;
}

function mayDial(address: string, allowed: AddressList | null): boolean {
  return isPublicAddress(address) || (allowed !== null && allowsAddress(allowed, address));
}

function refused(reason: string): AddressRefused {
  return { kind: 'refused', reason };
}

async function resolveName(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
}
