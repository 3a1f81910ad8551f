import { Errno } from '../kernel/errno.ts';
import type { Offer } from '../drivers/model/model.ts';
import type { Agent } from './agent.ts';
import type { Effects } from './effects.ts';
import type { Host } from './host.ts';
import type { Message } from './inbox.ts';
import { remember } from './memory/remember.ts';
import { goal, tell } from './tell.ts';

/** Whose job uses a tool. */
export interface ToolContext {
  readonly agent: Agent;
  readonly host: Host;
  /** The number of the tick. */
  readonly tick: number;
  readonly job: number;
  /** The one that is worked on. */
  readonly message: Message;
  /** Aborts when the job is cancelled. A tool that does not hear it is left alone and can change nothing any more. */
  readonly signal: AbortSignal;
  /** Changes of the agent's own state go here: they happen with the commit of the tick, once, or not at all. */
  readonly effects: Effects;
}

/** Something a model may have done. Its schema is a JSON Schema of `input`, an object. */
export interface Tool extends Offer {
  /** The output the model sees. What it throws is told to the model as the call's error and fails nothing else. */
  run(input: Readonly<Record<string, unknown>>, context: ToolContext): Promise<string> | string;
}

/** The tools of a server, by name. */
export class Tools {
  readonly #tools: ReadonlyMap<string, Tool>;
  /** What a model is told there is. */
  readonly offers: readonly Offer[];

  constructor(tools: readonly Tool[]) {
    this.#tools = new Map(tools.map((tool) => [tool.name, tool]));
    this.offers = tools.map(({ name, description, schema }) => ({ name, description, schema }));
  }

  /** EPERM, naming what there is. */
  get(name: string): Tool {
    const tool = this.#tools.get(name);
    if (tool) return tool;
    const names = [...this.#tools.keys()].join(', ') || 'none';
    throw new Errno('EPERM', `there is no tool '${name}': there are ${names}`);
  }
}

/** Those every server has. */
export const builtIn: readonly Tool[] = [tell, remember, goal];
