import { readFile } from 'node:fs/promises';
import { watch } from 'node:fs';
import { join } from 'node:path';
import type { Devices } from './devices/index.ts';
import type { Changes } from './kernel/changes.ts';
import { Errno } from './kernel/errno.ts';
import { agentName } from './kernel/name.ts';
import { Namespace } from './kernel/namespace.ts';
import type { Attributes, Dir } from './kernel/node.ts';
import { apply, parse, reconcile } from './kernel/nsfile.ts';
import { Request } from './kernel/request.ts';
import { Session, type SessionOptions } from './kernel/session.ts';
import { agent, observer, type Subject } from './kernel/subject.ts';

export interface ViewsOptions {
  /** Where operator.ns, agent.ns and observer.ns lie. */
  readonly directory: string;
  readonly devices: Devices;
  readonly changes: Changes;
  /** Hears of a namespace file that cannot be read any more; the views stay as they were. */
  readonly warn: (message: string, cause: unknown) => void;
}

/** What a client sees, by its tier: a namespace made from the tier's file, and made anew when the file changes. */
export class Views {
  readonly #options: ViewsOptions;
  readonly #live = new Set<{ namespace: Namespace; subject: Subject }>();
  readonly #watching: { close(): void };
  #reloading: Promise<void> = Promise.resolve();

  constructor(options: ViewsOptions) {
    this.#options = options;
    this.#watching = watch(options.directory, { persistent: false }, (_event, name) => {
      if (name?.endsWith('.ns')) this.#reloading = this.#reloading.then(() => this.#reload(name));
    });
  }

  /**
   * A session for whoever has proved to be `subject`. An aname narrows it: empty or `/` is what the subject sees,
   * `agent:NAME` and `observer` less; anything else is ENOENT, as is what lies outside the subject's own tier.
   */
  attach(subject: Subject, aname: string, options: { links?: boolean; maxFids?: number } = {}): Session {
    const narrowed = narrow(subject, aname);
    if (narrowed.tier === 'agent' && !this.#options.devices.agent(narrowed.name)) {
      throw new Errno('ENOENT', `no agent '${narrowed.name}'`);
    }
    const namespace = new Namespace((source) => this.#source(source), this.#options.changes);
    const view = { namespace, subject: narrowed };
    const made = async (): Promise<void> => {
      await apply(namespace, await this.#lines(narrowed), new Request(narrowed));
      this.#live.add(view);
    };
    const ended = (): void => void this.#live.delete(view);
    return new ViewSession({ namespace, subject: narrowed, changes: this.#options.changes, ...options }, made, ended);
  }

  /** Namespaces in use. */
  get size(): number {
    return this.#live.size;
  }

  close(): void {
    this.#watching.close();
  }

  #source(source: string): Dir {
    const { devices } = this.#options;
    if (source === '#root') return devices.root;
    const name = /^#agent\/(.*)$/.exec(source)?.[1];
    const found = name === undefined ? undefined : devices.agent(name);
    if (found) return found;
    if (source.startsWith('#')) throw new Errno('ENOENT', `no device ${source}`);
    throw new Errno('ENOTSUP', `${source}: other servers cannot be mounted inside the tree yet`);
  }

  async #lines(subject: Subject): Promise<ReturnType<typeof parse>> {
    const path = join(this.#options.directory, `${subject.tier}.ns`);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      throw Errno.ofSystem(error);
    }
    return parse(text, subject.tier === 'agent' ? { agent: subject.name } : {});
  }

  async #reload(file: string): Promise<void> {
    for (const { namespace, subject } of this.#live) {
      if (`${subject.tier}.ns` !== file) continue;
      try {
        await reconcile(namespace, await this.#lines(subject), new Request(subject));
      } catch (error) {
        this.#options.warn(`${file} was not applied`, error);
      }
    }
  }
}

/** A session whose namespace is made when the client attaches for the first time. */
class ViewSession extends Session {
  readonly #make: () => Promise<void>;
  readonly #ended: () => void;
  #made: Promise<void> | undefined;

  constructor(options: SessionOptions, make: () => Promise<void>, ended: () => void) {
    super(options);
    this.#make = make;
    this.#ended = ended;
  }

  override async attach(fid: number, request: Request): Promise<Attributes> {
    await (this.#made ??= this.#make());
    return super.attach(fid, request);
  }

  override async close(): Promise<void> {
    this.#ended();
    await super.close();
  }
}

const narrow = (subject: Subject, aname: string): Subject => {
  if (aname === '' || aname === '/') return subject;
  if (aname === 'observer' && subject.tier !== 'agent') return observer;
  const name = /^agent:(.*)$/.exec(aname)?.[1];
  const own = subject.tier === 'operator' || (subject.tier === 'agent' && subject.name === name);
  if (name !== undefined && agentName.test(name) && own) return agent(name);
  throw new Errno('ENOENT', `no tree '${aname}' for ${subject.tier}`);
};
