import type { Agents } from '../agent/agents.ts';
import type { Metrics } from '../drivers/metrics/metrics.ts';
import type { World } from '../files/world.ts';
import type { Dir } from '../kernel/node.ts';

/** A listener as `status` and `doctor` show it. */
export interface Listening {
  readonly address: string;
  /** Whoever connects is served without proving who they are. */
  readonly insecure: boolean;
  readonly tier: string;
}

/** What the root's files show and do of the process they live in. */
export interface Server {
  readonly world: World;
  readonly agents: Agents;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly started: number;
  readonly state: string;
  /** What the store had lost when it was opened, in words; undefined when all was there. */
  readonly damage: string | undefined;
  /** Figures for a collector. */
  readonly metrics: Metrics;
  /** 9P connections. */
  connections(): number;
  listeners(): readonly Listening[];
  /** Directories on which the tree is mounted. */
  mounts(): readonly string[];
  /** Begins an orderly end; returns at once. */
  shutdown(): void;
  /** Resolves when everything acknowledged so far is on disk. */
  sync(): Promise<void>;
  /** The agent's work/ directory. */
  work(name: string, id: number): Dir;
  /** The copy of a work/ directory that a checkpoint holds. */
  keptWork(id: number, key: string): Dir;
  /** Paths of the programs and devices that `doctor` looks for. */
  readonly environment: Environment;
}

/** Questions about the machine. Each answers within the time doctor has, and touches no network. */
export interface Environment {
  /** undefined: it can be used; else why not. */
  fuse(): Promise<string | undefined>;
  /** Bytes free where the state directory lies. */
  free(): Promise<number>;
  /** Permission bits of the state directory. */
  stateMode(): Promise<number>;
}
