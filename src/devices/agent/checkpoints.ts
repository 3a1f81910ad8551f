import type { CheckpointInfo } from '../../agent/checkpoint/checkpoints.ts';
import { Table, type Row } from '../../files/dir.ts';
import { frozen } from '../../files/frozen.ts';
import { entriesOf, Stamp } from '../../files/stamp.ts';
import { Text } from '../../files/text.ts';
import { S_IFDIR } from '../../kernel/mode.ts';
import type { Attributes, Dir, Entry, Node } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import type { AgentContext } from './agent-dir.ts';
import { differences } from './diff.ts';

/** What the files of one checkpoint are made of: the agent it holds, and the one that is there now. */
export interface CheckpointContext extends AgentContext {
  readonly info: CheckpointInfo;
  readonly now: AgentContext;
}

/** The checkpoints of an agent, a directory each; `rmdir` deletes one. */
export class CheckpointsDir implements Dir {
  readonly kind = 'dir';
  readonly #context: AgentContext;
  readonly #rows: readonly Row<CheckpointContext>[];
  readonly #stamp: Stamp;
  /** By key, as long as anybody holds them. */
  readonly #made = new Map<string, WeakRef<Dir>>();
  readonly #loading = new Map<string, Promise<Dir>>();

  constructor(context: AgentContext, rows: readonly Row<CheckpointContext>[]) {
    this.#context = context;
    this.#rows = rows;
    this.#stamp = new Stamp(context.server.world);
  }

  get qid(): number {
    return this.#stamp.qid;
  }

  stat(): Attributes {
    return this.#stamp.attributes(S_IFDIR | 0o755, 0);
  }

  lookup(name: string): Dir | Promise<Dir> | undefined {
    const info = this.#context.agent.checkpoints.get(name);
    return info && this.#of(info);
  }

  async list(request: Request): Promise<Entry[]> {
    const lines: { name: string; mode: number; node: Node }[] = [];
    for (const info of await this.#context.agent.checkpoints.list()) {
      lines.push({ name: info.name, mode: S_IFDIR, node: await this.#of(info) });
    }
    return entriesOf(lines, request);
  }

  async remove(name: string, _directory: boolean, { subject }: Request): Promise<void> {
    await this.#context.agent.checkpoints.remove(name, subject);
    this.#stamp.touch();
  }

  #of(info: CheckpointInfo): Dir | Promise<Dir> {
    const known = this.#made.get(info.key)?.deref();
    if (known) return known;
    let loading = this.#loading.get(info.key);
    if (!loading) {
      loading = this.#make(info).finally(() => this.#loading.delete(info.key));
      this.#loading.set(info.key, loading);
    }
    return loading;
  }

  async #make(info: CheckpointInfo): Promise<Dir> {
    const now = this.#context;
    const { server } = now;
    const { checkpoints } = now.agent;
    const agent = await checkpoints.frozen(info);
    const context: CheckpointContext = { agent, server, info, now, beside: () => undefined };
    const gone = (): boolean => checkpoints.get(info.name)?.key !== info.key;
    const table = new Table(server.world, this.#rows, context, { gone });
    table.stamp.touch(Date.parse(info.time));
    const dir = frozen(table);
    for (const [key, ref] of this.#made) if (!ref.deref()) this.#made.delete(key);
    this.#made.set(info.key, new WeakRef(dir));
    return dir;
  }
}

/** The copy of work/. */
export const keptWork = ({ info, now, server }: CheckpointContext): Node => server.keptWork(now.agent.id, info.key);

/** What differs now, by the same names on both sides. */
export const diff =
  (rows: () => readonly Row<CheckpointContext>[]) =>
  (context: CheckpointContext): Text => {
    const { info, now, server } = context;
    const compared = rows().filter(({ name }) => name !== 'diff' && name !== 'work');
    return new Text(server.world, async (request) => {
      const present = new Table(server.world, compared, { ...context, agent: now.agent });
      const past = new Table(server.world, compared, context);
      const head = `since checkpoint ${info.name} of ${info.time} by ${info.by}\n`;
      const state = await differences(past, present, request);
      const work = now.beside('work');
      const files = work?.kind === 'dir' ? await differences(keptWork(context) as Dir, work, request, 'work') : '';
      return head + state + files;
    });
  };
