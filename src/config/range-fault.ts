// Judges one entry of a setting that lists addresses and ranges.
import { isIP } from 'node:net';

/** What is wrong with an entry of a list of addresses and ranges, or null. */
export function rangeFault(entry: string): string | null {
  const [address = '', bits, ...rest] = entry.split('/');
  const family = isIP(address);
  const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
  return family !== 0 && rest.length === 0 && fits
    ? null
    : `given ${JSON.stringify(entry)}; allowed: addresses and ranges such as 10.0.0.0/8`;
}
