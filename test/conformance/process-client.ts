import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answered, Operation, Operations } from './child.ts';
import type { Client, Listed, Opened, Stat } from './client.ts';

/** A process of its own that works in directories that this one serves. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #last = 0;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('child.ts', import.meta.url)), {
      cwd: '/',
      execArgv: ['--import', import.meta.resolve('tsx')],
      serialization: 'advanced',
    });
    this.#child.on('message', (answer: Answered) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('result' in answer) waiting?.resolve(answer.result as never);
      else waiting?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
    });
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the process ended'));
    });
  }

  ask<O extends Operation>(operation: O, ...given: Parameters<Operations[O]>): ReturnType<Operations[O]> {
    const id = ++this.#last;
    this.#child.send({ id, operation, given });
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject })) as ReturnType<Operations[O]>;
  }

  async end(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

/** A program in another process, on a directory. */
export class ProcessClient implements Client {
  readonly #worker: Worker;
  readonly #top: string;
  readonly #open = new Set<Opened>();

  constructor(worker: Worker, top: string) {
    this.#worker = worker;
    this.#top = top;
  }

  #at(path: string): string {
    return this.#top + path;
  }

  async open(path: string, flags: number): Promise<Opened> {
    const worker = this.#worker;
    const file = await worker.ask('open', this.#at(path), flags);
    const opened: Opened = {
      read: async (count = 65536) => Buffer.from(await worker.ask('read', file, count)),
      write: (data) => worker.ask('write', file, Buffer.from(data)),
      truncate: (size) => worker.ask('ftruncate', file, size),
      fsync: () => worker.ask('fsync', file),
      close: () => {
        this.#open.delete(opened);
        return worker.ask('close', file);
      },
    };
    this.#open.add(opened);
    return opened;
  }

  stat(path: string): Promise<Stat> {
    return this.#worker.ask('stat', this.#at(path));
  }

  list(path: string): Promise<Listed[]> {
    return this.#worker.ask('list', this.#at(path));
  }

  mkdir(path: string): Promise<void> {
    return this.#worker.ask('mkdir', this.#at(path));
  }

  rmdir(path: string): Promise<void> {
    return this.#worker.ask('rmdir', this.#at(path));
  }

  unlink(path: string): Promise<void> {
    return this.#worker.ask('unlink', this.#at(path));
  }

  rename(path: string, to: string): Promise<void> {
    return this.#worker.ask('rename', this.#at(path), this.#at(to));
  }

  truncate(path: string, size: number): Promise<void> {
    return this.#worker.ask('truncate', this.#at(path), size);
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.#worker.ask('chmod', this.#at(path), mode);
  }

  chown(path: string, uid: number, gid: number): Promise<void> {
    return this.#worker.ask('chown', this.#at(path), uid, gid);
  }

  utimes(path: string, atime: number, mtime: number): Promise<void> {
    return this.#worker.ask('utimes', this.#at(path), atime, mtime);
  }

  readlink(path: string): Promise<string> {
    return this.#worker.ask('readlink', this.#at(path));
  }

  symlink(target: string, path: string): Promise<void> {
    return this.#worker.ask('symlink', target, this.#at(path));
  }

  link(path: string, to: string): Promise<void> {
    return this.#worker.ask('link', this.#at(path), this.#at(to));
  }

  /** Closes what is open, as the end of the process would. */
  async end(): Promise<void> {
    for (const file of [...this.#open]) await file.close();
  }
}
