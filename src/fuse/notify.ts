import { write } from 'node:fs';
import type { Listener } from '../kernel/changes.ts';
import type { Log } from './context.ts';
import { nameBytes } from '../kernel/name.ts';
import * as flags from './flags.ts';
import { notices, replyHeader } from './messages.ts';
import type { Known, Nodes } from './nodes.ts';
import type { Field } from './wire.ts';

/** Notices that wait. Past it single ones are no longer counted: everything the kernel knows is invalidated instead. */
const MOST = 4096;
const HEADER = replyHeader.size;

type Notice =
  | { readonly kind: 'attributes'; readonly qid: number }
  | { readonly kind: 'entry'; readonly directory: number; readonly name: string; readonly gone: number | undefined };

/**
 * Tells the kernel what it may no longer keep. A notice can wait for a lock that is held by a request which waits for
 * us, so it is written in the thread pool, one at a time, and nothing ever waits for it. Only nodes the kernel knows are
 * named; several notices of the same thing that have not been written yet are one.
 */
export class Notifier implements Listener {
  readonly #fd: number;
  readonly #nodes: Nodes;
  readonly #log: Log;
  readonly #changed: () => void;
  readonly #queue = new Map<string, Notice>();
  readonly #wakes = new Set<number>();
  #everything = false;
  #running: Promise<void> | undefined;
  #closed = false;

  /** `changed` is called for each change, before anything is written. */
  constructor(fd: number, nodes: Nodes, changed: () => void, log: Log) {
    this.#fd = fd;
    this.#nodes = nodes;
    this.#changed = changed;
    this.#log = log;
  }

  attributes(qid: number): void {
    this.#changed();
    if (this.#nodes.byQid(qid)) this.#add(`${qid}`, { kind: 'attributes', qid });
  }

  entry(directory: number, name: string, gone?: number): void {
    this.#changed();
    if (this.#nodes.byQid(directory)) this.#add(`${directory}/${name}`, { kind: 'entry', directory, name, gone });
  }

  /** NOTIFY_POLL: whoever polls the file the kernel calls `kh` shall ask again. */
  wake(kh: number): void {
    this.#wakes.add(kh);
    this.#start();
  }

  /** Resolves when nothing is being written any more; nothing is written afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #add(key: string, notice: Notice): void {
    // A later notice of a name replaces the earlier one, but what is gone stays gone.
    const before = this.#queue.get(key);
    const gone = notice.kind === 'entry' && before?.kind === 'entry' ? (notice.gone ?? before.gone) : undefined;
    if (this.#queue.size >= MOST) {
      this.#queue.clear();
      this.#everything = true;
    }
    this.#queue.set(key, notice.kind === 'entry' && gone !== undefined ? { ...notice, gone } : notice);
    this.#start();
  }

  #start(): void {
    if (this.#running || this.#closed) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (!this.#idle) this.#start();
    });
  }

  get #idle(): boolean {
    return this.#closed || (this.#queue.size === 0 && this.#wakes.size === 0 && !this.#everything);
  }

  async #run(): Promise<void> {
    while (!this.#idle) {
      for (const kh of this.#wakes) {
        this.#wakes.delete(kh);
        await this.#send(flags.NOTIFY_POLL, notices.poll, { kh });
      }
      if (this.#everything) {
        this.#everything = false;
        for (const known of [...this.#nodes.all()]) await this.#invalidate(known);
      }
      for (const [key, notice] of this.#queue) {
        this.#queue.delete(key);
        await this.#tell(notice);
        if (this.#wakes.size > 0) break;
      }
    }
  }

  async #tell(notice: Notice): Promise<void> {
    if (notice.kind === 'attributes') {
      const known = this.#nodes.byQid(notice.qid);
      if (known) await this.#attributes(known);
      return;
    }
    const directory = this.#nodes.byQid(notice.directory);
    if (!directory) return;
    // A directory whose entry the kernel does not have keeps its old attributes when only the entry is named.
    await this.#attributes(directory);
    const gone = notice.gone === undefined ? undefined : this.#nodes.byQid(notice.gone);
    // A directory in use cannot be deleted under its users, and a name may stand for another node by now.
    if (gone && (await this.#delete(directory.id, gone.id, notice.name))) return;
    await this.#entry(directory.id, notice.name);
  }

  async #invalidate(known: Known): Promise<void> {
    if (this.#closed) return;
    if (known.parent !== 0) await this.#entry(known.parent, known.name);
    await this.#attributes(known);
  }

  /**
   * ENOENT is a node whose first answer the kernel has not taken in yet, or that it is forgetting. A notice of the entry
   * waits for the lock of the directory, so that after it the lookup under way is over: then the attributes are there.
   */
  async #attributes(known: Known): Promise<void> {
    const body = { ino: known.id, off: 0, len: 0 };
    if (await this.#send(flags.NOTIFY_INVAL_INODE, notices.invalInode, body)) return;
    if (known.parent === 0 || this.#nodes.get(known.id) !== known) return;
    await this.#entry(known.parent, known.name);
    await this.#send(flags.NOTIFY_INVAL_INODE, notices.invalInode, body);
  }

  #entry(parent: number, name: string): Promise<boolean> {
    const bytes = nameBytes(name);
    return this.#send(flags.NOTIFY_INVAL_ENTRY, notices.invalEntry, { parent, namelen: bytes.length, flags: 0 }, bytes);
  }

  #delete(parent: number, child: number, name: string): Promise<boolean> {
    const bytes = nameBytes(name);
    return this.#send(flags.NOTIFY_DELETE, notices.delete, { parent, child, namelen: bytes.length }, bytes);
  }

  /** False where the kernel did not take it: mostly because it does not know what is named. A name ends with NUL. */
  #send<T>(code: number, field: Field<T>, value: T, name?: Buffer): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    const message = Buffer.alloc(HEADER + field.size + (name ? name.length + 1 : 0));
    replyHeader.write(message, 0, { len: message.length, error: code, unique: 0 });
    field.write(message, HEADER, value);
    name?.copy(message, HEADER + field.size);
    return new Promise((resolve) => {
      write(this.#fd, message, (error) => {
        if (error) this.#failed(error);
        resolve(!error);
      });
    });
  }

  /** ENOENT: unknown. ENOTEMPTY, EBUSY: a directory in use, of which only the entry goes. The rest is a connection that is over. */
  #failed(error: NodeJS.ErrnoException): void {
    const { code } = error;
    if (code === 'ENOENT' || code === 'ENOTEMPTY' || code === 'EBUSY' || code === 'ENOTDIR') return;
    if (code !== 'ENODEV' && code !== 'ENOTCONN' && code !== 'ECONNABORTED') this.#log('fuse: a notice failed', error);
    this.#closed = true;
  }
}
