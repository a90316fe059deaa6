// The address a request came from. Forwarding headers count only when the connection itself comes from a trusted proxy;
// then the right-most address that is not a trusted proxy is the caller (security.md T15).
import { BlockList, isIP } from 'node:net';

export interface ProxyTrust {
  readonly isTrusted: (address: string) => boolean;
}

/** Entries are addresses or CIDR ranges. Throws on one that is neither. */
export function createProxyTrust(entries: readonly string[]): ProxyTrust {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return {
    isTrusted: (address) =>
      entries.length > 0 && isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  };
}

/** `peer` is the address of the connection. */
export function clientAddress(peer: string, forwardedFor: string | null, trust: ProxyTrust): string {
  const direct = plain(peer);
  if (forwardedFor === null || !trust.isTrusted(direct)) return direct;
  const hops = forwardedFor.split(',').map((hop) => plain(hop.trim()));
  for (const hop of hops.reverse()) {
    if (isIP(hop) === 0) return direct;
    if (!trust.isTrusted(hop)) return hop;
  }
  return direct;
}

/** `::ffff:10.0.0.1` is the same caller as `10.0.0.1`. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
