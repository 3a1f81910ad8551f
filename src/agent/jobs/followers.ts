import { Backlog, Chain, Cursor } from '../cursor.ts';

/** Who follows which job as it goes on, over all its attempts, to its end. */
export class Followers {
  /** Each with a chain of its own: it begins with what was before. */
  readonly #cursors = new Map<number, Map<Cursor, Chain>>();

  /** A reader that is given `before` first, and then what is told. `over`: nothing more will be. */
  follow(id: number, before: readonly object[], over: boolean): Cursor {
    const backlog = new Backlog();
    const chain = new Chain();
    for (const record of before) backlog.push(chain.add(line(record)));
    const cursors = this.#cursors.get(id) ?? new Map<Cursor, Chain>();
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
    else this.#cursors.set(id, cursors.set(cursor, chain));
    return cursor;
  }

  tell(id: number, record: object): void {
    const cursors = this.#cursors.get(id);
    if (!cursors) return;
    const bytes = line(record);
    for (const [cursor, chain] of cursors) cursor.push(chain.add(bytes));
  }

  end(id: number): void {
    for (const cursor of [...(this.#cursors.get(id)?.keys() ?? [])]) cursor.finish();
    this.#cursors.delete(id);
  }
}

const line = (record: object): Buffer => Buffer.from(`${JSON.stringify(record)}\n`);
