import { spawn, type ChildProcess } from 'node:child_process';

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A client: a process of its own, because the one that serves a mount cannot touch it. Killed with the test at the latest. */
export class Client {
  readonly child: ChildProcess;
  readonly done: Promise<Ran>;
  out = '';
  err = '';
  readonly #waiting = new Set<() => void>();

  /** Never with a working directory in the mount: the child would enter it while we wait for it to start. */
  constructor(command: string, args: readonly string[], cwd = '/') {
    this.child = spawn(command, args, {
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
      for (const look of this.#waiting) look();
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.done = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (code, signal) => resolve({ code, signal, out: this.out, err: this.err }));
    });
  }

  /** Resolves when its output holds a text; rejects where it ends before. */
  async says(text: string): Promise<void> {
    if (this.out.includes(text)) return;
    await Promise.race([
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (!this.out.includes(text)) return;
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
      }),
      this.done.then(({ out, err }) => {
        if (!out.includes(text)) throw new Error(`ended without '${text}': ${out} ${err}`);
      }),
    ]);
  }
}
