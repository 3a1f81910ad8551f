import { resolve } from 'node:path';
import type { Address } from '../9p/address.ts';

/** A unix socket's path as seen from everywhere. */
export const absolute = (address: Address): Address =>
  address.kind === 'unix' ? { kind: 'unix', path: resolve(address.path) } : address;
