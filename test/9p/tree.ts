import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen } from '../../src/9p/listen.ts';
import type { Listener } from '../../src/9p/listen.ts';
import type { ConnectionOptions } from '../../src/9p/connection.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { O_TRUNC, S_IFREG } from '../../src/kernel/mode.ts';
import type { Attributes, File, Handle, Node } from '../../src/kernel/node.ts';
import { nextQid } from '../../src/kernel/qid.ts';
import type { Request } from '../../src/kernel/request.ts';
import { Session } from '../../src/kernel/session.ts';
import { MemoryDir, MemoryFile, MemoryLink, attributes, sessionOn } from '../support/nodes.ts';

/** A stream: each open gets what is said after it; reads wait. Counts what was interrupted. */
export class Talker implements File {
  readonly kind = 'file';
  readonly style = 'stream';
  readonly qid = nextQid();
  readonly mode = S_IFREG | 0o444;
  interrupted = 0;
  waiting = 0;
  readonly #ears = new Set<(text: string) => void>();
  readonly #watchers = new Set<() => void>();

  stat(): Attributes {
    return attributes(this.qid, this.mode);
  }

  say(text: string): void {
    for (const ear of this.#ears) ear(text);
  }

  /** Resolves when `condition` holds; asked again after every change of `waiting` and `interrupted`. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#watchers.add(resolve));
  }

  #changed(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher();
  }

  open(): Handle {
    let heard = '';
    let readers: (() => void)[] = [];
    const ear = (text: string): void => {
      heard += text;
      const all = readers;
      readers = [];
      for (const reader of all) reader();
    };
    this.#ears.add(ear);
    const take = (count: number): Uint8Array => {
      const bytes = Buffer.from(heard.slice(0, count));
      heard = heard.slice(count);
      return bytes;
    };
    const wait = (count: number, request: Request): Promise<Uint8Array> =>
      new Promise((resolve, reject) => {
        this.waiting++;
        const reader = (): void => {
          if (heard === '') {
            readers.push(reader);
            return;
          }
          this.waiting--;
          resolve(take(count));
          this.#changed();
        };
        readers.push(reader);
        request.signal.addEventListener('abort', () => {
          if (!readers.includes(reader)) return;
          readers = readers.filter((other) => other !== reader);
          this.waiting--;
          this.interrupted++;
          reject(new Errno('EINTR'));
          this.#changed();
        });
        this.#changed();
      });
    return {
      read: (_offset, count, request) => (heard === '' ? wait(count, request) : take(count)),
      close: () => void this.#ears.delete(ear),
    };
  }
}

/** A document that is staged and published, with everything that happened to it in `history`. */
export class Paper implements File {
  readonly kind = 'file';
  readonly qid = nextQid();
  readonly mode = S_IFREG | 0o644;
  readonly history: string[] = [];
  content: Buffer = Buffer.from('old\n');

  stat(): Attributes {
    return attributes(this.qid, this.mode, this.content.length);
  }

  open(flags: number): Handle {
    let draft: Buffer | undefined = flags & O_TRUNC ? Buffer.alloc(0) : undefined;
    return {
      read: (offset, count) => (draft ?? this.content).subarray(offset, offset + count),
      // Later than at once, as a store commit is: what comes after must wait for it.
      write: async (offset, data) => {
        const bytes = Buffer.from(data);
        await new Promise((resolve) => setImmediate(resolve));
        this.history.push(`write ${bytes.toString().trimEnd()}`);
        draft = Buffer.concat([draft ?? this.content], Math.max(offset + bytes.length, (draft ?? this.content).length));
        draft.set(bytes, offset);
        return bytes.length;
      },
      truncate: (size) => {
        draft = (draft ?? this.content).subarray(0, size);
      },
      stage: () => {
        if (draft?.includes('bad')) throw new Errno('EINVAL', 'bad is not good');
      },
      publish: () => {
        if (!draft) return;
        this.content = draft;
        this.history.push(`publish ${draft.toString().trimEnd()}`);
      },
      close: () => this.history.push('close'),
    };
  }
}

/** Takes commands; `bad` is none. */
class Verbs extends MemoryFile {
  override open(): Handle {
    return {
      read: () => new Uint8Array(),
      write: (_offset, data) => {
        if (Buffer.from(data).toString() === 'bad\n') throw new Errno('EINVAL', 'no verb bad');
        return data.length;
      },
    };
  }
}

/** A directory that takes links too, and keeps extended attributes. */
class Rich extends MemoryDir {
  readonly #attributes = new Map<string, Uint8Array>();

  symlink(name: string, target: string): Node {
    const node = new MemoryLink(target);
    this.children.set(name, node);
    return node;
  }

  getxattr(name: string): Uint8Array {
    const value = this.#attributes.get(name);
    if (!value) throw new Errno('ENODATA');
    return value;
  }

  setxattr(name: string, value: Uint8Array): void {
    this.#attributes.set(name, Buffer.from(value));
  }

  listxattr(): string[] {
    return [...this.#attributes.keys()];
  }

  removexattr(name: string): void {
    if (!this.#attributes.delete(name)) throw new Errno('ENODATA');
  }
}

export const makeTree = (): { root: MemoryDir; talker: Talker; paper: Paper; big: MemoryFile } => {
  const talker = new Talker();
  const paper = new Paper();
  const big = new MemoryFile('');
  big.content = Buffer.alloc(3 << 20, 'abcdefgh');
  const many = new MemoryDir();
  for (let i = 0; i < 300; i++) many.children.set(`entry-${i}`, new MemoryFile(`${i}\n`));
  const root = new MemoryDir({
    hello: new MemoryFile('hello, world\n', 0o444),
    dir: new MemoryDir({ inner: new MemoryFile('inner\n'), deep: new MemoryDir({ leaf: new MemoryFile('leaf\n') }) }),
    link: new MemoryLink('dir/inner'),
    away: new MemoryLink('dir'),
    many,
    rich: new Rich(),
    ctl: new Verbs(''),
    secret: new MemoryFile('', 0o222),
    stream: talker,
    paper,
    big,
  });
  return { root, talker, paper, big };
};

export interface Served extends ReturnType<typeof makeTree> {
  readonly listener: Listener;
  readonly path: string;
  /** Every session a client attached to. */
  readonly sessions: Session[];
  readonly failures: unknown[];
  readonly trace: string[];
  close(): Promise<void>;
}

/** The tree behind a real unix socket. */
export const serve = async (
  options: { maxConnections?: number; tcp?: boolean } & Partial<ConnectionOptions> = {},
): Promise<Served> => {
  const tree = makeTree();
  const folder = await mkdtemp(join(tmpdir(), 'weft-9p-'));
  const path = join(folder, 'socket');
  const { namespace, changes } = await sessionOn(tree.root);
  const sessions: Session[] = [];
  const failures: unknown[] = [];
  const trace: string[] = [];
  const listener = await listen(options.tcp ? { kind: 'tcp', host: '127.0.0.1', port: 0 } : { kind: 'unix', path }, {
    attach: (aname, { links }) => {
      if (aname !== '' && aname !== '/' && aname !== 'observer') throw new Errno('ENOENT', `no view ${aname}`);
      const tier = aname === 'observer' ? 'observer' : 'operator';
      const session = new Session({ namespace, changes, subject: { tier }, links });
      sessions.push(session);
      return session;
    },
    unexpected: (cause) => failures.push(cause),
    trace: (line) => trace.push(line),
    ...options,
  });
  return {
    ...tree,
    listener,
    path,
    sessions,
    failures,
    trace,
    close: async () => {
      await listener.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
