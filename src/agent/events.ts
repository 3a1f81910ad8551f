import { timeText, type Clock } from '../drivers/clock/clock.ts';
import type { Ids } from './ids.ts';
import type { Journal } from './journal.ts';

/** Bytes of the log that may wait for somebody's commit, and at which it takes no more. */
const WAITING = 65_536;
const FULL = 16 * 1024 * 1024;

/** Bytes at the end of the log in which its last number is looked for. */
const TAIL = 131_072;
const numbered = /^\{"seq":(\d{1,15}),"time":"(\d{4}-\d\d-\d\dT[\d:.]+Z)",.*\}$/;

/** The server's log: everything that happens, one record each with a sequence number that has no holes but told ones. */
export class Events {
  readonly journal: Journal;
  readonly #clock: Clock;
  readonly #background: (work: Promise<unknown>) => void;
  #seq = 0;
  #lost = 0;
  #flushing = false;

  constructor(journal: Journal, clock: Clock, background: (work: Promise<unknown>) => void) {
    this.journal = journal;
    this.#clock = clock;
    this.#background = background;
  }

  /** Goes on after the last record on disk; ids made from now on come after it too. */
  async resume(ids: Ids): Promise<void> {
    const from = Math.max(0, this.journal.size - TAIL);
    const lines = Buffer.from(await this.journal.read(from, TAIL))
      .toString()
      .trimEnd()
      .split('\n');
    // Lines that were damaged have had their numbers too.
    const at = lines.findLastIndex((line) => numbered.test(line));
    if (at < 0) return;
    const [, seq, time] = numbered.exec(lines[at]!)!;
    this.#seq = Number(seq) + lines.length - 1 - at;
    ids.after(Date.parse(time!));
  }

  /** A record; it goes to disk with the next commit, or soon. */
  add(type: string, fields: object = {}): void {
    const time = timeText(this.#clock.now());
    const { waiting } = this.journal;
    if (waiting > FULL) {
      // The disk has refused for long: what is not there cannot be kept, but it is counted.
      this.#seq++;
      this.#lost++;
      return;
    }
    if (this.#lost > 0) this.journal.append({ seq: this.#seq, time, type: 'gap', gap: this.#lost });
    this.#lost = 0;
    this.journal.append({ seq: ++this.#seq, time, type, ...fields });
    if (waiting > WAITING && !this.#flushing) {
      this.#flushing = true;
      this.#background(this.journal.flush({ sync: false }).finally(() => (this.#flushing = false)));
    }
  }
}
