// Lists of what may be used: entries allow, entries with a leading `!` deny, and a deny always wins.
// A list without allowing entries allows whatever it does not deny; no list at all allows everything.
import { BlockList, isIP } from 'node:net';
import { matchesGlob } from './model-glob.ts';

/** Entries one list may have: enough for any real list, small enough to scan on every request. */
export const ACCESS_ENTRIES_MAX = 200;
export const ACCESS_ENTRY_CHARS_MAX = 200;

export interface ModelList {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** A second list that must allow as well: a key is bound by its own list and by its owner's. */
  readonly and: ModelList | null;
}

/** Null stands for "no list". Entries are trusted here; `checkModelEntry` judges them when they are set. */
export function readModelList(entries: readonly string[] | null): ModelList | null {
  if (entries === null) return null;
  return {
    allow: entries.filter((entry) => !entry.startsWith('!')),
    deny: entries.filter((entry) => entry.startsWith('!')).map((entry) => entry.slice(1)),
    and: null,
  };
}

/** Both must allow; null stands for "no list". */
export function bothModelLists(one: ModelList | null, other: ModelList | null): ModelList | null {
  if (one === null || other === null) return one ?? other;
  return { ...one, and: bothModelLists(one.and, other) };
}

/**
 * May a request that goes by these names pass? `names` are all the names of one model: as asked and as resolved.
 * One denied name refuses it; one allowed name is enough.
 */
export function allowsModel(list: ModelList | null, names: readonly string[]): boolean {
  if (list === null) return true;
  const hit = (pattern: string) => names.some((name) => matchesGlob(pattern, name));
  if (list.deny.some(hit)) return false;
  const allowed = list.allow.length === 0 ? list.deny.length > 0 : list.allow.some(hit);
  return allowed && allowsModel(list.and, names);
}

export interface AddressList {
  readonly allow: BlockList | null;
  readonly deny: BlockList | null;
  /** True for a list that was given and is empty: it allows nothing, as an empty list of models does. */
  readonly nothing: boolean;
  /** A second list that must allow as well. */
  readonly and: AddressList | null;
}

/** For a stored list that cannot be read: nobody gets in by a list that nobody understands. */
export const NO_ADDRESS: AddressList = { allow: null, deny: null, nothing: true, and: null };

/** Throws RangeError on an entry that is neither an address nor a CIDR range. */
export function readAddressList(entries: readonly string[] | null): AddressList | null {
  if (entries === null) return null;
  const allow = entries.filter((entry) => !entry.startsWith('!'));
  const deny = entries.filter((entry) => entry.startsWith('!')).map((entry) => entry.slice(1));
  return { allow: blockList(allow), deny: blockList(deny), nothing: entries.length === 0, and: null };
}

/** Both must allow; null stands for "no list". */
export function bothAddressLists(one: AddressList | null, other: AddressList | null): AddressList | null {
  if (one === null || other === null) return one ?? other;
  return { ...one, and: bothAddressLists(one.and, other) };
}

/** An address that cannot be read is refused by every list, the denying ones included: unknown is not "not denied". */
export function allowsAddress(list: AddressList | null, address: string): boolean {
  if (list === null) return true;
  const plain = address.replace(/%.*$/, '');
  const family = isIP(plain);
  if (family === 0 || list.nothing) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  if (list.deny?.check(plain, kind)) return false;
  if (list.allow !== null && !list.allow.check(plain, kind)) return false;
  return allowsAddress(list.and, address);
}

/** What is wrong with a model entry, or null. */
export function modelEntryFault(entry: string): string | null {
  const pattern = entry.startsWith('!') ? entry.slice(1) : entry;
  if (pattern.length === 0) return 'an entry is empty';
  if (entry.length > ACCESS_ENTRY_CHARS_MAX)
    return `an entry is longer than ${ACCESS_ENTRY_CHARS_MAX} characters`;
  if (/\s/.test(pattern)) return `'${entry}' contains a space`;
  return null;
}

/** What is wrong with an address entry, or null. */
export function addressEntryFault(entry: string): string | null {
  try {
    readAddressList([entry]);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What is wrong with lists that somebody wants to set, as a sentence, or null. */
export function accessFault(lists: {
  readonly models?: readonly string[] | null | undefined;
  readonly addresses?: readonly string[] | null | undefined;
}): string | null {
  const checks = [
    { entries: lists.models ?? [], fault: modelEntryFault },
    { entries: lists.addresses ?? [], fault: addressEntryFault },
  ];
  for (const { entries, fault } of checks) {
    if (entries.length > ACCESS_ENTRIES_MAX) return `A list has at most ${ACCESS_ENTRIES_MAX} entries.`;
    const wrong = entries.map(fault).find((sentence) => sentence !== null);
    if (wrong) return `${wrong}.`;
  }
  return null;
}

function blockList(entries: readonly string[]): BlockList | null {
  if (entries.length === 0) return null;
  const list = new BlockList();
  for (const entry of entries) addEntry(list, entry);
  return list;
}

function addEntry(list: BlockList, entry: string): void {
  const [address = '', prefix, ...rest] = entry.split('/');
  const family = isIP(address);
  const bitsMax = family === 4 ? 32 : 128;
  const wrong = `'${entry}' is no address and no range such as 10.0.0.0/8 or 2001:db8::/32`;
  if (family === 0 || rest.length > 0 || address.includes('%')) throw new RangeError(wrong);
  const bits = prefix === undefined ? bitsMax : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (bits < 0 || bits > bitsMax) throw new RangeError(wrong);
  list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
}
