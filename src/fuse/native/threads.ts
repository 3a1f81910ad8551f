import { readdir, writeFile } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { mountAt } from '../mountinfo.ts';

/** Milliseconds that clients have to let go of a mount that is gone, and as many again when it was cut off. */
const PATIENCE = 500;
const STEP = 5;

/**
 * libfuse's threads, on Linux. The package lets them run on after an unmount and cannot wait for them; a process that
 * ends while one of them still has a request to hand over is killed by a signal.
 */
export class Threads {
  readonly #before: ReadonlySet<string>;
  readonly #connection: number | undefined;

  private constructor(before: ReadonlySet<string>, connection: number | undefined) {
    this.#before = before;
    this.#connection = connection;
  }

  /** Runs what starts them. */
  static async around(dir: string, mount: () => Promise<void>): Promise<Threads> {
    const before = new Set(await present());
    await mount();
    const connection = process.platform === 'linux' ? (await mountAt(dir))?.connection : undefined;
    return new Threads(before, connection);
  }

  /**
   * Waits, after the unmount, until they are gone, and cuts off who still uses the mount. A thread that somebody else
   * has started meanwhile cannot be told from them, so the wait is short.
   */
  async gone(): Promise<void> {
    if (await this.#empty()) return;
    if (this.#connection !== undefined) {
      // It may be gone by now, or not be ours to abort; then there is nothing more to do about it.
      await writeFile(`/sys/fs/fuse/connections/${this.#connection}/abort`, '1').catch(() => undefined);
    }
    await this.#empty();
  }

  async #empty(): Promise<boolean> {
    const late = performance.now() + PATIENCE;
    for (;;) {
      if ((await present()).every((thread) => this.#before.has(thread))) return true;
      if (performance.now() > late) return false;
      await after(STEP);
    }
  }
}

const present = async (): Promise<string[]> => (process.platform === 'linux' ? readdir('/proc/self/task') : []);
