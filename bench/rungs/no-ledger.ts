// Loaded before Tollgate for rung R4: the ledger's writes do nothing, everything else is the product as it ships.
import { Ledger } from '../../src/ledger/create-ledger.ts';

Ledger.prototype.admit = () => {};
Ledger.prototype.begin = () => null;
Ledger.prototype.settle = () => ({ mayEnd: true });
