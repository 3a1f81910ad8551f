import { Table, type Kind, type Row } from '../../src/files/dir.ts';
import { Text } from '../../src/files/text.ts';
import { Value } from '../../src/files/value.ts';
import type { World } from '../../src/files/world.ts';
import { Changes } from '../../src/kernel/changes.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { S_IFREG } from '../../src/kernel/mode.ts';
import { Namespace } from '../../src/kernel/namespace.ts';
import type { Attributes, Awaitable, Dir, File, Handle, Node } from '../../src/kernel/node.ts';
import { nextQid } from '../../src/kernel/qid.ts';
import { Request } from '../../src/kernel/request.ts';
import { operator } from '../../src/kernel/subject.ts';

/** What the peers serve: some bytes that can be read, and writes that go nowhere. Nothing of it is cached. */
class Noop implements File {
  readonly kind = 'file';
  readonly #attributes: Attributes;
  readonly #handle: Handle;

  constructor(world: World, content: Buffer = eight) {
    this.#handle = {
      read: (offset, count) => content.subarray(offset, offset + count),
      write: (_, { length }) => length,
    };
    const now = BigInt(world.now()) * 1_000_000n;
    const { uid, gid } = world;
    const rest = { version: 0, rdev: 0, blocks: 1, blksize: 4096, nlink: 1, uid, gid };
    this.#attributes = {
      ...rest,
      qid: nextQid(),
      mode: S_IFREG | 0o644,
      size: content.length,
      atime: now,
      mtime: now,
      ctime: now,
    };
  }

  stat(): Attributes {
    return this.#attributes;
  }

  open(): Handle {
    return this.#handle;
  }
}

const eight = Buffer.from('01234567');

/** A stream nothing ever comes from: its readers wait until they are interrupted. */
class Silent implements File {
  readonly kind = 'file';
  readonly style = 'stream';
  readonly #noop: Noop;
  /** Readers that wait now. */
  waiting = 0;

  constructor(world: World) {
    this.#noop = new Noop(world);
  }

  stat(): Attributes {
    return this.#noop.stat();
  }

  open(): Handle {
    return { read: (_offset, _count, request) => this.#wait(request.signal) };
  }

  #wait(signal: AbortSignal): Awaitable<Uint8Array> {
    this.waiting += 1;
    return new Promise((_resolve, reject) => {
      const interrupted = (): void => {
        this.waiting -= 1;
        reject(new Errno('EINTR'));
      };
      signal.addEventListener('abort', interrupted, { once: true });
    });
  }
}

export interface Tree {
  readonly namespace: Namespace;
  readonly changes: Changes;
  readonly waiting: () => number;
}

/**
 * The tree that is measured: the peers' file, and one of the kinds the agents' tree is made of. `noop` stays uncached
 * because it has no `cached`; the directories, `value` and `text` are cached as they are in an agent's directory.
 */
export const tree = async (): Promise<Tree> => {
  const changes = new Changes();
  const world: World = { changes, now: () => Date.now(), uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const silent = new Silent(world);
  let content: Uint8Array = Buffer.from('a short text of one line\n');
  const row = (name: string, kind: Kind, make: () => Node): Row<undefined> => ({
    name,
    kind,
    agent: 'w',
    observer: 'r',
    says: name,
    make,
  });
  const rows = [
    row('noop', 'value', () => new Noop(world)),
    row('bulk', 'value', () => new Noop(world, Buffer.alloc(65_536))),
    row('silent', 'stream', () => silent),
    row('text', 'text', () => new Text(world, () => 'rendered anew for each reader\n')),
    row('value', 'value', () => {
      const value: Value = new Value(world, {
        limit: 65536,
        load: () => content,
        stage: (staged) => ({
          publish: () => {
            content = staged;
            value.stamp.touch();
            return undefined;
          },
          drop: () => undefined,
        }),
      });
      return value;
    }),
  ];
  const root: Dir = new Table(world, [...rows, row('dir', 'dir', () => new Table(world, rows, undefined))], undefined);
  const namespace = new Namespace((source) => {
    if (source === '#bench') return root;
    throw new Errno('ENOENT', `no source ${source}`);
  }, changes);
  await namespace.bind('#bench', '/', {}, new Request(operator));
  return { namespace, changes, waiting: () => silent.waiting };
};
