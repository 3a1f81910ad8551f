import { S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, File, Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { soon } from '../kernel/soon.ts';
import { Answer } from './answer.ts';
import { DocumentHandle, type Staged } from './document.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

export interface NewOptions {
  /** What a read shows before anything was written: an example of what to write. */
  template: string;
  limit: number;
  /** ENOSPC where one more would be too many: the first write says so, because shells do not show what a close says. */
  room?(): void;
  /** Validates and makes durable; publishing the staged request makes the thing and gives its id. */
  stage(content: Uint8Array, request: Request): Awaitable<Staged>;
}

/** Makes something: at the first read after a write, which shows its id, or at the last close. */
export class New implements File {
  readonly kind = 'file';
  readonly style = 'stream';
  readonly #options: NewOptions;
  readonly #stamp: Stamp;

  constructor(world: World, options: NewOptions) {
    this.#options = options;
    this.#stamp = new Stamp(world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFREG | 0o666, 0);
  }

  open(): Handle {
    return new NewHandle(this.#options);
  }
}

class NewHandle implements Handle {
  readonly #options: NewOptions;
  #document: DocumentHandle;
  #shown: Answer;
  /** What a read began to make; a second read meanwhile waits for the same. */
  #making: Awaitable<void> | undefined;

  constructor(options: NewOptions) {
    this.#options = options;
    this.#document = this.#fresh();
    this.#shown = new Answer(options.template);
  }

  /** Offsets mean nothing here: every write continues the request. */
  #fresh(): DocumentHandle {
    const options = this.#options;
    const stage = (content: Uint8Array, request: Request): Awaitable<Staged> => options.stage(content, request);
    return new DocumentHandle({ limit: options.limit, stage, load: () => undefined }, 0, undefined);
  }

  write(_offset: number, data: Uint8Array): number {
    if (!this.#document.written) this.#options.room?.();
    return this.#document.write(this.#document.content.length, data);
  }

  /** `>` truncates before it writes; there is nothing to cut. */
  truncate(): void {
    return undefined;
  }

  stage(request: Request): Awaitable<void> {
    return this.#document.stage(request);
  }

  read(_offset: number, count: number, request: Request): Awaitable<Uint8Array> {
    if (this.#document.tried) this.#making = this.#show(request);
    return soon(this.#making, () => this.#shown.take(count));
  }

  #show(request: Request): Awaitable<void> {
    // After a bad request there is neither an id nor the template to read, only the end.
    this.#shown = new Answer('');
    const done = soon(this.#make(request), (id) => {
      this.#shown = new Answer(id === undefined ? '' : `${id}\n`);
      this.#making = undefined;
    });
    return done instanceof Promise ? done.catch(this.#failed) : done;
  }

  readonly #failed = (error: unknown): never => {
    this.#making = undefined;
    throw error;
  };

  /** What a flush refused has been told: at the end it is dropped in silence, else `error` would say it twice. */
  publish(request: Request): Awaitable<void> {
    if (this.#document.failure) return undefined;
    return this.#document.tried ? soon(this.#make(request), () => undefined) : this.#making;
  }

  discard(): Awaitable<void> {
    return this.#document.discard();
  }

  /** A flush in between has staged it already, and may have failed: that is the read's failure too. */
  #make(request: Request): Awaitable<string | undefined> {
    const document = this.#document;
    this.#document = this.#fresh();
    if (document.failure) throw document.failure.error;
    return soon(document.stage(request), () => document.act(request));
  }
}
