import type { Changes } from '../kernel/changes.ts';

/** What every kind of file needs of the server it lives in. */
export interface World {
  readonly changes: Changes;
  /** Wall-clock time in milliseconds, from the clock driver. */
  now(): number;
  /** The owner of everything synthetic: the server's own uid and gid. */
  readonly uid: number;
  readonly gid: number;
}
