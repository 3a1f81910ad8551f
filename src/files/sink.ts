import { S_IFREG } from '../kernel/mode.ts';
import type { Attributes, Awaitable, File, Handle } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import { DocumentHandle, type Staged } from './document.ts';
import { Stamp } from './stamp.ts';
import type { World } from './world.ts';

export interface SinkOptions {
  limit: number;
  /** Validates; publishing takes the secret. What is staged must not be readable anywhere. */
  stage(content: Uint8Array, request: Request): Awaitable<Staged>;
}

/** Takes a secret and never shows it. */
export class Sink implements File {
  readonly kind = 'file';
  readonly #options: SinkOptions;
  readonly #stamp: Stamp;

  constructor(world: World, options: SinkOptions) {
    this.#options = options;
    this.#stamp = new Stamp(world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFREG | 0o222, 0);
  }

  open(flags: number): Handle {
    const options = this.#options;
    const stage = (content: Uint8Array, request: Request): Awaitable<Staged> => options.stage(content, request);
    const document = new DocumentHandle({ limit: options.limit, stage, load: () => undefined }, flags, undefined);
    return {
      write: (offset, data) => document.write(offset, data),
      truncate: (size) => document.truncate(size),
      stage: (request) => document.stage(request),
      publish: (request) => (document.written ? document.publish(request) : undefined),
    };
  }
}
