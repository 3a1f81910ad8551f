import type { Attributes } from '../kernel/node.ts';
import { nextQid } from '../kernel/qid.ts';
import type { World } from './world.ts';

/** What a synthetic node has in common with every other: a number, a version, the time of its last change. */
export class Stamp {
  readonly qid: number;
  readonly #world: World;
  version = 0;
  #time: bigint;

  constructor(world: World, qid: number = nextQid()) {
    this.qid = qid;
    this.#world = world;
    this.#time = BigInt(Math.floor(world.now() * 1000)) * 1000n;
  }

  /** The content changed, now or at the given time in milliseconds. Caches hear of it. */
  touch(at: number = this.#world.now()): void {
    this.version = (this.version + 1) >>> 0;
    this.#time = BigInt(Math.floor(at * 1000)) * 1000n;
    this.#world.changes.attributes(this.qid);
  }

  attributes(mode: number, size: number): Attributes {
    const time = this.#time;
    return {
      qid: this.qid,
      version: this.version,
      mode,
      size,
      nlink: 1,
      uid: this.#world.uid,
      gid: this.#world.gid,
      rdev: 0,
      blocks: Math.ceil(size / 512),
      blksize: 4096,
      atime: time,
      mtime: time,
      ctime: time,
    };
  }
}

export const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? Buffer.from(content) : content;
