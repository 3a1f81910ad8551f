import { Backlog, Cursor } from '../cursor.ts';

/** Who follows which job as it goes on, over all its attempts, to its end. */
export class Followers {
  readonly #cursors = new Map<number, Set<Cursor>>();

  /** A reader that is given `before` first, and then what is told. `over`: nothing more will be. */
  follow(id: number, before: readonly object[], over: boolean): Cursor {
    const backlog = new Backlog();
    for (const record of before) backlog.push(line(record));
    const cursors = this.#cursors.get(id) ?? new Set();
    const cursor: Cursor = new Cursor({
      backlog,
      start: undefined,
      end: () => 0,
      first: () => 0,
      read: () => new Uint8Array(0),
      closed: () => {
        cursors.delete(cursor);
        if (cursors.size === 0 && this.#cursors.get(id) === cursors) this.#cursors.delete(id);
      },
    });
    if (over) cursor.finish();
    else this.#cursors.set(id, cursors.add(cursor));
    return cursor;
  }

  tell(id: number, record: object): void {
    const cursors = this.#cursors.get(id);
    if (!cursors) return;
    const bytes = line(record);
    for (const cursor of cursors) cursor.push(bytes);
  }

  end(id: number): void {
    for (const cursor of this.#cursors.get(id) ?? []) cursor.finish();
    this.#cursors.delete(id);
  }
}

const line = (record: object): Buffer => Buffer.from(`${JSON.stringify(record)}\n`);
