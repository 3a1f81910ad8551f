import { Errno } from '../kernel/errno.ts';
import { userName } from '../kernel/name.ts';
import { del, put, within, type Operation } from '../drivers/store/store.ts';
import type { Agent } from './agent.ts';
import type { Host } from './host.ts';
import { noteInfoPrefix, notePrefix } from './keys.ts';
import { decode } from './text.ts';

/** Bytes of a note, directories above one. */
export const NOTE = 1024 * 1024;
const DEEP = 4;

/** A note or a directory of notes. */
export interface NoteInfo {
  readonly directory: boolean;
  readonly size: number;
  /** Nanoseconds. */
  readonly mtime: bigint;
}

/** A note as it comes from elsewhere; without bytes a directory. */
export interface Adopted {
  readonly path: string;
  readonly bytes?: Uint8Array | undefined;
  readonly mtime: bigint;
}

export interface NoteStage {
  readonly path: string;
  readonly bytes: Uint8Array;
  key?: string | undefined;
  state: 'staged' | 'published' | 'discarded';
}

/** What an agent remembers in so many words: text under a path, in directories up to four deep. */
export class Notes {
  readonly #agent: Agent;
  readonly #host: Host;
  readonly #infos = new Map<string, NoteInfo>();
  readonly #children = new Map<string, Set<string>>([['', new Set()]]);
  /** Published and on the way to the disk. */
  readonly #fresh = new Map<string, Uint8Array>();
  #paths: readonly string[] | undefined;

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
  }

  async load(): Promise<void> {
    const prefix = noteInfoPrefix(this.#agent.id);
    for await (const [key, value] of this.#host.store.range(within(prefix))) {
      const { directory, size, mtime } = JSON.parse(Buffer.from(value).toString()) as StoredInfo;
      this.#insert(key.slice(prefix.length), { directory, size, mtime: BigInt(mtime) });
    }
  }

  /** Notes and directories. */
  get size(): number {
    return this.#infos.size;
  }

  /** Undefined when there is neither note nor directory; the root, '', is a directory without a time of its own. */
  info(path: string): NoteInfo | undefined {
    return this.#infos.get(path);
  }

  /** Paths of all directories, each before what lies in it. */
  directories(): string[] {
    return [...this.#infos].flatMap(([path, { directory }]) => (directory ? [path] : [])).sort();
  }

  /** Names in a directory, sorted. ENOENT, ENOTDIR. */
  list(path = ''): string[] {
    return [...this.#directory(path)].sort();
  }

  /** Paths of all notes, sorted. */
  paths(): readonly string[] {
    this.#paths ??= [...this.#infos].flatMap(([path, { directory }]) => (directory ? [] : [path])).sort();
    return this.#paths;
  }

  /** ENOENT, EISDIR. */
  read(path: string): Uint8Array {
    const info = this.#infos.get(path);
    if (!info) throw new Errno('ENOENT', `no note '${path}'`);
    if (info.directory) throw new Errno('EISDIR');
    const bytes = this.#fresh.get(path) ?? this.#host.store.get(notePrefix(this.#agent.id) + path);
    if (!bytes) throw new Errno('EIO', `the text of the note '${path}' is not in the store`);
    return bytes;
  }

  /**
   * Validates and makes durable, without effect. `previous` is replaced, also when this fails. EINVAL for a name or
   * text that is not one, EFBIG, ENOSPC, ENOENT and ENOTDIR for the directory, EISDIR.
   */
  async stage(path: string, bytes: Uint8Array, previous?: NoteStage): Promise<NoteStage> {
    const old = previous?.state === 'staged' ? previous : undefined;
    try {
      this.#check(path);
      if (bytes.length > NOTE) throw new Errno('EFBIG', `a note has at most ${NOTE} bytes`);
      decode(bytes);
      if (old) old.state = 'discarded';
      const target = { agent: this.#agent.id, kind: 'note', meta: { path } };
      return { path, bytes, state: 'staged', key: await this.#host.staging.put(target, bytes, old?.key) };
    } catch (error) {
      if (old?.key !== undefined) {
        old.state = 'discarded';
        await this.#host.store.batch([this.#host.staging.end(old.key)]);
      }
      throw error;
    }
  }

  async discardStage(stage: NoteStage): Promise<void> {
    if (stage.state !== 'staged') return;
    stage.state = 'discarded';
    if (stage.key !== undefined) await this.#host.store.batch([this.#host.staging.end(stage.key)]);
  }

  /** The note has its new text when this returns; the disk follows. ESTALE, and the errors of `stage` that came true since. */
  publish(stage: NoteStage): void {
    const committed = this.#publish(stage);
    if (committed) this.#host.background(this.#agent, committed);
  }

  /** Stage and publish in one: resolves when it is on disk. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.#check(path);
    if (bytes.length > NOTE) throw new Errno('EFBIG', `a note has at most ${NOTE} bytes`);
    decode(bytes);
    await this.#publish({ path, bytes, state: 'staged' });
  }

  /** As `write`, in somebody else's batch: `apply` when it is committed. Its directory must be there. */
  offer(path: string, bytes: Uint8Array): { operations: Operation[]; apply: () => void } {
    this.#check(path);
    if (bytes.length > NOTE) throw new Errno('EFBIG', `a note has at most ${NOTE} bytes`);
    decode(bytes);
    const info = { directory: false, size: bytes.length, mtime: this.#host.clock.nanos() };
    return {
      operations: [put(notePrefix(this.#agent.id) + path, bytes), this.#remember(path, info)],
      apply: () => {
        const replaced = this.#infos.has(path);
        this.#fresh.delete(path);
        this.#insert(path, info);
        this.#tell(path, replaced ? 'changed' : 'added');
      },
    };
  }

  /**
   * Notes and directories from elsewhere, with their times, in somebody else's batch: they take the place of notes of the
   * same path. Directories come before what lies in them. EINVAL, EFBIG, ENOSPC, ENOENT and ENOTDIR for the directory,
   * EISDIR; told with the place in the list.
   */
  adopt(
    found: readonly Adopted[],
    failed: (at: number, error: unknown) => never,
  ): { operations: Operation[]; apply: () => void } {
    const directories = new Set([...this.#infos].flatMap(([path, { directory }]) => (directory ? [path] : [])));
    const paths = new Set(this.#infos.keys());
    const operations: Operation[] = [];
    const kept: [path: string, info: NoteInfo][] = [];
    for (const [at, { path, bytes, mtime }] of found.entries()) {
      try {
        this.#named(path, bytes === undefined);
        const [parent] = split(path);
        if (parent !== '' && !directories.has(parent)) {
          throw new Errno(paths.has(parent) ? 'ENOTDIR' : 'ENOENT', `no directory of notes '${parent}'`);
        }
        if (paths.has(path) && directories.has(path) !== (bytes === undefined)) {
          throw new Errno('EISDIR', `'${path}' is a note and a directory`);
        }
        paths.add(path);
        if (paths.size > this.#most)
          throw new Errno('ENOSPC', `it has ${this.#most} notes: policy/limits says no more`);
        if (bytes && bytes.length > NOTE) throw new Errno('EFBIG', `a note has at most ${NOTE} bytes`);
      } catch (error) {
        failed(at, error);
      }
      if (bytes === undefined) directories.add(path);
      if (bytes === undefined && this.#infos.has(path)) continue;
      const info = { directory: bytes === undefined, size: bytes?.length ?? 0, mtime };
      kept.push([path, info]);
      operations.push(this.#remember(path, info));
      if (bytes) operations.push(put(notePrefix(this.#agent.id) + path, bytes));
    }
    return {
      operations,
      apply: () => {
        for (const [path, info] of kept) {
          const replaced = this.#infos.has(path);
          this.#fresh.delete(path);
          this.#insert(path, info);
          this.#tell(path, replaced ? 'changed' : 'added');
        }
      },
    };
  }

  /** As `remove`, of many notes in somebody else's batch: `apply` when it is committed. */
  erase(paths: readonly string[]): { operations: Operation[]; apply: () => void } {
    return {
      operations: paths.flatMap((path) => this.#erase(path)),
      apply: () => {
        for (const path of paths) if (this.#infos.get(path)?.directory === false) this.#delete(path);
      },
    };
  }

  /** A stage an earlier run left. */
  async recover(key: string, meta: object, bytes: Uint8Array): Promise<void> {
    try {
      await this.#publish({ path: (meta as { path: string }).path, bytes, key, state: 'staged' });
    } catch (error) {
      this.#agent.refused('memory/notes', error);
    }
  }

  /** ENOENT, EISDIR. */
  async remove(path: string): Promise<void> {
    const info = this.#infos.get(path);
    if (!info) throw new Errno('ENOENT', `no note '${path}'`);
    if (info.directory) throw new Errno('EISDIR');
    this.#delete(path);
    await this.#host.commit(this.#erase(path), []);
  }

  /** EEXIST, EINVAL, ENOENT, ENOTDIR; ELOOP never: a path that would lie too deep is EINVAL. */
  async mkdir(path: string): Promise<void> {
    if (this.#infos.has(path)) throw new Errno('EEXIST');
    this.#check(`${path}/x`, true);
    this.#check(path);
    const info = { directory: true, size: 0, mtime: this.#host.clock.nanos() };
    this.#insert(path, info);
    this.#tell(path, 'added');
    await this.#host.commit([this.#remember(path, info)], []);
  }

  /** ENOENT, ENOTDIR, ENOTEMPTY. */
  async rmdir(path: string): Promise<void> {
    if (this.#directory(path).size > 0) throw new Errno('ENOTEMPTY');
    this.#delete(path);
    await this.#host.commit([del(noteInfoPrefix(this.#agent.id) + path)], []);
  }

  /** As rename(2), for notes and directories: a note takes the place of a note, a directory of an empty directory. */
  async rename(from: string, to: string): Promise<void> {
    const info = this.#infos.get(from);
    if (!info) throw new Errno('ENOENT', `no note '${from}'`);
    if (from === to) return;
    if (to.startsWith(`${from}/`)) throw new Errno('EINVAL', 'a directory cannot move into itself');
    const target = this.#infos.get(to);
    if (target && target.directory !== info.directory) throw new Errno(target.directory ? 'EISDIR' : 'ENOTDIR');
    if (target?.directory === true && this.#children.get(to)!.size > 0) throw new Errno('ENOTEMPTY');
    const moves = [from, ...this.#below(from)].map((path) => [path, to + path.slice(from.length)] as const);
    for (const [path, next] of moves) this.#check(next, this.#infos.get(path)!.directory || next !== to);
    const operations: Operation[] = [];
    const fresh: [string, Uint8Array][] = [];
    const taken = moves.map(([path, next]) => ({ path, next, info: this.#infos.get(path)! }));
    for (const { path, next, info } of taken) {
      operations.push(...this.#erase(path), this.#remember(next, info));
      if (info.directory) continue;
      const bytes = this.read(path);
      fresh.push([next, bytes]);
      operations.push(put(notePrefix(this.#agent.id) + next, bytes));
    }
    for (const { path } of taken.toReversed()) this.#delete(path);
    for (const { next, info } of taken) {
      const replaced = this.#infos.has(next);
      this.#insert(next, info);
      this.#tell(next, replaced ? 'changed' : 'added');
    }
    for (const [path, bytes] of fresh) this.#fresh.set(path, bytes);
    await this.#settle(this.#host.commit(operations, []), fresh);
  }

  #publish(stage: NoteStage): Promise<void> | undefined {
    if (stage.state === 'published') return undefined;
    if (stage.state === 'discarded') throw new Errno('EINVAL', 'this stage was given up');
    const { path, bytes, key } = stage;
    const ended = key === undefined ? [] : [this.#host.staging.end(key)];
    try {
      if (this.#agent.gone) throw new Errno('ESTALE', `the agent '${this.#agent.name}' is gone`);
      this.#check(path);
    } catch (error) {
      stage.state = 'discarded';
      if (ended.length > 0) this.#host.background(this.#agent, this.#host.store.batch(ended));
      throw error;
    }
    stage.state = 'published';
    const info = { directory: false, size: bytes.length, mtime: this.#host.clock.nanos() };
    const replaced = this.#infos.has(path);
    this.#insert(path, info);
    this.#fresh.set(path, bytes);
    this.#tell(path, replaced ? 'changed' : 'added');
    const operations = [put(notePrefix(this.#agent.id) + path, bytes), this.#remember(path, info), ...ended];
    return this.#settle(this.#host.commit(operations, []), [[path, bytes]]);
  }

  /** Until the disk has them, new texts are read from memory. */
  async #settle(committed: Promise<void>, fresh: readonly (readonly [string, Uint8Array])[]): Promise<void> {
    await committed;
    for (const [path, bytes] of fresh) if (this.#fresh.get(path) === bytes) this.#fresh.delete(path);
  }

  /** That a note (or, where `directory`, a directory) may stand at a path. */
  #check(path: string, directory = false): void {
    this.#named(path);
    if (directory) return;
    this.#directory(split(path)[0]);
    const info = this.#infos.get(path);
    if (info?.directory === true) throw new Errno('EISDIR');
    if (!info && this.#infos.size >= this.#most) {
      throw new Errno('ENOSPC', `it has ${this.#most} notes: policy/limits says no more`);
    }
  }

  /** That a path is one. */
  #named(path: string, directory = false): void {
    const names = path.split('/');
    if (names.length > DEEP + (directory ? 0 : 1))
      throw new Errno('EINVAL', `notes lie at most ${DEEP} directories deep`);
    for (const name of names) {
      if (!userName.test(name)) {
        throw new Errno('EINVAL', `'${name}' cannot name a note: letters, digits, '.', '_', '-', at most 100`);
      }
    }
  }

  get #most(): number {
    return this.#agent.settings.limits.notes;
  }

  #directory(path: string): Set<string> {
    const children = this.#children.get(path);
    if (!children) throw new Errno(this.#infos.has(path) ? 'ENOTDIR' : 'ENOENT', `no directory of notes '${path}'`);
    return children;
  }

  /** Everything in a directory, each directory before what lies in it. */
  #below(path: string): string[] {
    return [...(this.#children.get(path) ?? [])].flatMap((name) => [
      `${path}/${name}`,
      ...this.#below(`${path}/${name}`),
    ]);
  }

  #insert(path: string, info: NoteInfo): void {
    const [parent, name] = split(path);
    this.#paths = undefined;
    this.#infos.set(path, info);
    let children = this.#children.get(parent);
    if (!children) this.#children.set(parent, (children = new Set()));
    children.add(name);
    if (info.directory && !this.#children.has(path)) this.#children.set(path, new Set());
  }

  #delete(path: string): void {
    const [parent, name] = split(path);
    const directory = this.#infos.get(path)?.directory === true;
    this.#paths = undefined;
    this.#infos.delete(path);
    this.#fresh.delete(path);
    this.#children.get(parent)?.delete(name);
    this.#children.delete(path);
    this.#agent.memory.noteChanged(path);
    this.#host.emit({ type: 'note', change: 'removed', agent: this.#agent, path: directory ? `${path}/` : path });
  }

  #erase(path: string): Operation[] {
    return [del(noteInfoPrefix(this.#agent.id) + path), del(notePrefix(this.#agent.id) + path)];
  }

  #remember(path: string, info: NoteInfo): Operation {
    const stored: StoredInfo = { ...info, mtime: info.mtime.toString() };
    return put(noteInfoPrefix(this.#agent.id) + path, Buffer.from(JSON.stringify(stored)));
  }

  #tell(path: string, change: 'added' | 'changed'): void {
    const shown = this.#infos.get(path)?.directory === true ? `${path}/` : path;
    this.#agent.memory.noteChanged(path);
    this.#host.emit({ type: 'note', change, agent: this.#agent, path: shown });
    this.#host.event(`note.${change}`, this.#agent.name, { path: shown });
  }
}

interface StoredInfo {
  readonly directory: boolean;
  readonly size: number;
  readonly mtime: string;
}

const split = (path: string): [string, string] => {
  const slash = path.lastIndexOf('/');
  return [slash < 0 ? '' : path.slice(0, slash), path.slice(slash + 1)];
};
