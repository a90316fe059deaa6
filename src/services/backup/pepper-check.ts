// Tells whether two houses have the same pepper without writing it down. Slow on purpose: a backup may fall into
// foreign hands, and somebody's pepper may be a word.
import { scryptSync } from 'node:crypto';

export function pepperCheck(pepper: string): string {
  return scryptSync(pepper, 'tollgate backup', 16).toString('hex');
}
