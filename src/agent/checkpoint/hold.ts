import { Errno } from '../../kernel/errno.ts';
import type { Agent } from '../agent.ts';
import type { Host } from '../host.ts';

/** Keeps an agent from ticking, leaving or getting another name while somebody copies what it is. */
export class Hold {
  readonly #agent: Agent;
  readonly #host: Host;
  /** Why no tick may begin now; undefined when one may. */
  why: string | undefined;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
  }

  /** EBUSY while somebody holds it. */
  assertFree(): void {
    if (this.why !== undefined) throw new Errno('EBUSY', `'${this.#agent.name}': ${this.why}`);
  }

  /** Until the function that is returned is called. EBUSY while a tick runs (unless that does not matter) or somebody else holds it, ESTALE. */
  take(why: string, options: { working?: boolean } = {}): () => void {
    const agent = this.#agent;
    if (agent.gone) throw new Errno('ESTALE', `the agent '${agent.name}' is gone`);
    this.assertFree();
    if (agent.working && options.working !== true) throw new Errno('EBUSY', `'${agent.name}' works`);
    this.why = why;
    return () => {
      this.why = undefined;
      this.#host.keep(agent);
      this.#host.ready(agent);
    };
  }
}
