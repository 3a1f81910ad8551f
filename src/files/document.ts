import { Errno } from '../kernel/errno.ts';
import { O_ACCMODE, O_APPEND, O_TRUNC, O_WRONLY } from '../kernel/mode.ts';
import type { Awaitable, Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';

/** A validated document that is already on disk and waits to act. */
export interface Staged {
  /** Acts, once. What it gives back is shown by the kind `new`. */
  publish(request: Request): Awaitable<string | undefined>;
  /** Takes it back: it will never act, also not after a crash. */
  drop(): Awaitable<void>;
}

/** Where a document comes from and goes to. */
export interface Document {
  /** Bytes; EFBIG past it. */
  readonly limit: number;
  /** The present content; undefined where there is none yet. */
  load(request: Request): Awaitable<Uint8Array | undefined>;
  /** Validates the whole document and makes it durable. Refuses with EINVAL, ENOSPC, EFBIG... and a reason. */
  stage(content: Uint8Array, request: Request): Awaitable<Staged>;
}

const nothing: Uint8Array = new Uint8Array(0);

/**
 * One open of a document. Every flush stages the whole of what was written so far; the last close publishes it. A
 * shell closes descriptors in the middle of a document, so nothing before the last close may act.
 */
export class DocumentHandle implements Handle {
  readonly #document: Document;
  readonly #appends: boolean;
  /** Opened only to append: what others published meanwhile stays. */
  #appendsOnly: boolean;
  /** What the handle started from. */
  #base: Uint8Array;
  #content: Buffer;
  #length: number;
  #written = false;
  #truncated: boolean;
  #fresh: boolean;
  #dirty = false;
  #failure: { error: unknown } | undefined;
  /** A write that found no room: the content is not what the client meant until it starts anew. */
  #lost: Errno | undefined;
  #staged: Staged | undefined;

  /** `fresh`: the name was made by this open, so that a document is published also where nothing is written. */
  constructor(document: Document, flags: number, base: Uint8Array | undefined, fresh = false) {
    this.#document = document;
    this.#fresh = fresh;
    this.#appends = (flags & O_APPEND) !== 0;
    this.#truncated = (flags & O_TRUNC) !== 0;
    this.#appendsOnly = this.#appends && !this.#truncated && (flags & O_ACCMODE) === O_WRONLY;
    this.#base = this.#truncated ? nothing : (base ?? nothing);
    this.#content = Buffer.from(this.#base);
    this.#length = this.#content.length;
  }

  /** The content as this handle sees it. */
  get content(): Uint8Array {
    return this.#content.subarray(0, this.#length);
  }

  /** Whether anything was written or cut on this handle. */
  get touched(): boolean {
    return this.#written || this.#truncated || this.#fresh;
  }

  get written(): boolean {
    return this.#written;
  }

  /** Whether a write was tried: also one that found no room leaves something to tell. */
  get tried(): boolean {
    return this.#written || this.#lost !== undefined;
  }

  read(offset: number, count: number): Uint8Array {
    return this.content.subarray(offset, offset + count);
  }

  write(offset: number, data: Uint8Array): number {
    const at = this.#appends ? this.#length : offset;
    try {
      this.#resize(Math.max(this.#length, at + data.length));
    } catch (error) {
      this.#lost = error as Errno;
      throw error;
    }
    this.#content.set(data, at);
    this.#written = true;
    this.#dirty = true;
    return data.length;
  }

  truncate(size: number): void {
    this.#resize(size);
    this.#appendsOnly = false;
    if (size === 0) this.#lost = this.#failure = undefined;
    if (this.#written) this.#dirty = true;
    else this.#truncated = true;
  }

  /** With nothing written there is nothing to stage: a shell's first flush comes before its first write. */
  stage(request: Request): Awaitable<void> {
    const lost = this.#lost;
    if (lost) {
      // Told once, as every other failure of a stage.
      if (this.#failure) return;
      this.#failure = { error: lost };
      return soon(this.discard(), () => {
        throw lost;
      });
    }
    if (!this.#dirty) return;
    this.#dirty = false;
    return this.#stageNow(request);
  }

  #stageNow(request: Request): Awaitable<void> {
    const before = this.#staged;
    this.#staged = undefined;
    const failed = (error: unknown): never => {
      this.#failure = { error };
      throw error;
    };
    const stage = (): Awaitable<void> =>
      soon(before?.drop(), () =>
        soon(this.#whole(request), (content) =>
          soon(this.#document.stage(content, request), (staged) => {
            this.#failure = undefined;
            this.#staged = staged;
          }),
        ),
      );
    try {
      const done = stage();
      return done instanceof Promise ? done.catch(failed) : done;
    } catch (error) {
      return failed(error);
    }
  }

  /** For an appender: what is there now, and then its own part. */
  #whole(request: Request): Awaitable<Uint8Array> {
    if (!this.#appendsOnly) return this.content;
    return soon(this.#document.load(request), (current) => {
      const present = current ?? nothing;
      if (Buffer.compare(present, this.#base) === 0) return this.content;
      const own = this.content.subarray(this.#base.length);
      this.#base = Uint8Array.from(present);
      this.#content = Buffer.concat([present, own]);
      this.#length = this.#content.length;
      this.#checkLimit(this.#length);
      return this.content;
    });
  }

  publish(request: Request): Awaitable<void> {
    return soon(this.act(request), () => undefined);
  }

  /** Takes back what was staged: it will not act. */
  discard(): Awaitable<void> {
    const staged = this.#staged;
    this.#staged = undefined;
    return staged?.drop();
  }

  /** Why the last stage failed, if it did. */
  get failure(): { error: unknown } | undefined {
    return this.#failure;
  }

  /** Publishes and gives what the document's owner made of it. */
  act(request: Request): Awaitable<string | undefined> {
    if (this.#failure || this.#lost || !this.touched) return undefined;
    const ready = this.#staged && !this.#appendsOnly ? undefined : this.#restage(request);
    return soon(ready, () => {
      const staged = this.#staged;
      this.#staged = undefined;
      this.#written = false;
      this.#truncated = false;
      this.#fresh = false;
      return staged?.publish(request);
    });
  }

  /** Publishing what was never staged (an empty document), or appending to what others changed since the stage. */
  #restage(request: Request): Awaitable<void> {
    if (!this.#staged) return this.#stageNow(request);
    return soon(this.#document.load(request), (current) =>
      Buffer.compare(current ?? nothing, this.#base) === 0 ? undefined : this.#stageNow(request),
    );
  }

  #checkLimit(size: number): void {
    if (size > this.#document.limit) throw new Errno('EFBIG', `larger than ${this.#document.limit} bytes`);
  }

  #resize(size: number): void {
    this.#checkLimit(size);
    if (size > this.#content.length) {
      const grown = Buffer.alloc(Math.min(this.#document.limit, Math.max(size, this.#content.length * 2)));
      grown.set(this.content);
      this.#content = grown;
    } else if (size < this.#length) this.#content.fill(0, size, this.#length);
    this.#length = size;
  }
}
