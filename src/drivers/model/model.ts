import { Errno, type Code } from '../../kernel/errno.ts';

/** Something the agent perceived besides the conversation, by its path in the agent's own view. */
export interface Perceived {
  readonly kind: 'memory';
  readonly path: string;
  readonly text: string;
}

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

export interface Request {
  readonly system: string;
  readonly messages: readonly Turn[];
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

  /** EINVAL, naming what exists: an unknown model is never replaced by another in silence. */
  get(name: string): Model {
    const model = this.#models.get(name);
    if (!model) throw new Errno('EINVAL', `no model '${name}': there is ${this.names.join(', ')}`);
    return model;
  }
}
