import { Errno, type Code } from '../../kernel/errno.ts';

/** Something the agent perceived besides the conversation, by its path in the agent's own view. */
export interface Perceived {
  readonly kind: 'soul' | 'goal' | 'memory';
  readonly path: string;
  readonly text: string;
}

/** A tool the model wants to be used. */
export interface Call {
  /** Names this call within its turn, so that its result can be told from others'. */
  readonly id: string;
  readonly name: string;
  /** What the tool's schema describes. */
  readonly input: object;
}

/** What a call came to. */
export interface Result {
  /** The call's. */
  readonly id: string;
  /** The output; of a call that failed, the error in words. */
  readonly output: string;
  readonly failed: boolean;
}

/** A step of a conversation. The results of an assistant's calls are the user's next turn. */
export type Turn =
  | { readonly role: 'user'; readonly text: string; readonly results?: readonly Result[] }
  | { readonly role: 'assistant'; readonly text: string; readonly calls?: readonly Call[] };

/** A tool the model may call. */
export interface Offer {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its input, an object. */
  readonly schema: object;
}

export interface Request {
  readonly system: string;
  readonly messages: readonly Turn[];
  /** Who the message comes from, as in its header `Origin`: `operator`, `agent:ada`, `schedule`, `goal`. */
  readonly origin: string;
  readonly tools: readonly Offer[];
  readonly perceived: readonly Perceived[];
  /** Aborting it ends the call soon: `turn` rejects with the reason. */
  readonly signal: AbortSignal;
  /** Hears the answer as it comes; the pieces together are the answer. */
  readonly onText: (piece: string) => void;
}

/** Tokens. */
export interface Usage {
  readonly input: number;
  readonly output: number;
}

export interface Reply {
  readonly text: string;
  /** Present and not empty: the model goes on when it has their results. */
  readonly calls?: readonly Call[];
  readonly usage: Usage;
}

export interface Model {
  /** As it is chosen by and as it stands in `status`. */
  readonly name: string;
  /** False: there is no language model behind it. */
  readonly real: boolean;
  /** One turn. Fails with a ModelError. */
  turn(request: Request): Promise<Reply>;
}

/** `retryable`: the same call may succeed later (overload, a lost connection), so the message is worth another try. */
export class ModelError extends Errno {
  readonly retryable: boolean;

  constructor(code: Code, reason: string, options: { retryable: boolean; cause?: unknown }) {
    super(code, reason, { cause: options.cause });
    this.retryable = options.retryable;
  }
}

/** What there is to choose from. The first is what an agent gets that names none. */
export class Models {
  readonly #models: ReadonlyMap<string, Model>;
  readonly first: Model;

  constructor(first: Model, ...more: readonly Model[]) {
    this.first = first;
    this.#models = new Map([first, ...more].map((model) => [model.name, model]));
  }

  get names(): string[] {
    return [...this.#models.keys()];
  }

  has(name: string): boolean {
    return this.#models.has(name);
  }

  /** EINVAL, naming what exists: an unknown model is never replaced by another in silence. */
  get(name: string): Model {
    const model = this.#models.get(name);
    if (!model) throw new Errno('EINVAL', `no model '${name}': there is ${this.names.join(', ')}`);
    return model;
  }
}
