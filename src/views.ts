import { readFile } from 'node:fs/promises';
import { watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import type { Devices } from './devices/index.ts';
import { Changes } from './kernel/changes.ts';
import { Errno } from './kernel/errno.ts';
import { agentName } from './kernel/name.ts';
import { Namespace } from './kernel/namespace.ts';
import type { Attributes, Dir } from './kernel/node.ts';
import { apply, parse, reconcile } from './kernel/nsfile.ts';
import { Request } from './kernel/request.ts';
import { Session, type SessionOptions } from './kernel/session.ts';
import { agent, nameOf, observer, type Subject } from './kernel/subject.ts';

export interface ViewsOptions {
  /** Where operator.ns, agent.ns and observer.ns lie. */
  readonly directory: string;
  readonly devices: Devices;
  readonly changes: Changes;
  /** Hears of a namespace file that cannot be applied; the views stay as they were. */
  readonly warn: (message: string, cause: unknown) => void;
  /** Hears of a namespace file that changed, when the views in use are what it says. */
  readonly applied?: (file: string) => void;
}

interface View {
  readonly namespace: Namespace;
  readonly subject: Subject;
}

/** What a client sees, by its tier: a namespace made from the tier's file, and made anew when the file changes. */
export class Views {
  readonly #options: ViewsOptions;
  readonly #live = new Set<View>();
  readonly #watching: FSWatcher;
  /** Namespaces are made and changed one after the other, so that none misses a change of its file. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ViewsOptions) {
    this.#options = options;
    this.#watching = watch(options.directory, { persistent: false }, (_event, name) => {
      if (name?.endsWith('.ns')) void this.#inTurn(() => this.#reload(name));
    });
    this.#watching.on('error', (error) => options.warn('namespace files are not watched any more', error));
    // Its name is what an agent's view is made and acts by: under another name it is another view.
    options.devices.onRenamed((from) => {
      this.#inTurn(() => this.#end(from)).catch((error: unknown) =>
        options.warn(`a view of '${from}' did not end`, error),
      );
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
    const view = { namespace: this.#namespace(this.#options.changes), subject: narrowed };
    const make = (): Promise<void> =>
      this.#inTurn(async () => {
        await apply(view.namespace, await this.#lines(narrowed), new Request(narrowed));
        this.#live.add(view);
      });
    const ended = (): void => void this.#live.delete(view);
    return new ViewSession({ ...view, changes: this.#options.changes, ...options }, make, ended);
  }

  /** Namespaces in use. */
  get size(): number {
    return this.#live.size;
  }

  close(): void {
    this.#watching.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined); // whoever asked is told; the next has its turn all the same
    return done;
  }

  #namespace(changes: Changes): Namespace {
    return new Namespace((source) => this.#source(source), changes);
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
    let failed = false;
    for (const { namespace, subject } of [...this.#live].filter(({ subject }) => `${subject.tier}.ns` === file)) {
      const request = new Request(subject);
      try {
        const lines = await this.#lines(subject);
        // Tried on one that nobody uses: a file that is half written, or empty, takes nothing from anybody.
        const trial = this.#namespace(new Changes());
        await apply(trial, lines, request);
        await trial.find('/', request);
        await reconcile(namespace, lines, request);
      } catch (error) {
        failed = true;
        this.#options.warn(`${file} was not applied for ${nameOf(subject)}`, error);
      }
    }
    if (!failed) this.#options.applied?.(file);
  }

  async #end(name: string): Promise<void> {
    for (const view of this.#live) {
      if (view.subject.tier !== 'agent' || view.subject.name !== name) continue;
      this.#live.delete(view);
      await view.namespace.unmount('/', undefined, new Request(view.subject));
    }
  }
}

/** A session whose namespace is made when the client attaches for the first time. */
class ViewSession extends Session {
  readonly #make: () => Promise<void>;
  readonly #ended: () => void;
  #made: Promise<void> | undefined;
  #over = false;

  constructor(options: SessionOptions, make: () => Promise<void>, ended: () => void) {
    super(options);
    this.#make = make;
    this.#ended = ended;
  }

  override async attach(fid: number, request: Request): Promise<Attributes> {
    await (this.#made ??= this.#first());
    return super.attach(fid, request);
  }

  /** A namespace that cannot be made today can be made when its file is right again. */
  async #first(): Promise<void> {
    try {
      await this.#make();
    } catch (error) {
      this.#made = undefined;
      throw error;
    }
    if (this.#over) this.#ended();
  }

  override async close(): Promise<void> {
    this.#over = true;
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
