/**
 * Requests on one fid that change something keep their order (a write and then the clunk); what reads comes after them but
 * holds nobody up, because a read may wait for ever. Only requests that did not end at once are remembered.
 */
export class Order {
  readonly #last = new Map<number, Promise<void>>();

  /** What a request on this fid has to wait for; undefined: nothing. */
  before(fid: number): Promise<void> | undefined {
    return this.#last.size === 0 ? undefined : this.#last.get(fid);
  }

  /** A change on the fid that is not over yet. `done` never rejects. */
  put(fid: number, done: Promise<void>): void {
    this.#last.set(fid, done);
    void done.then(() => {
      if (this.#last.get(fid) === done) this.#last.delete(fid);
    });
  }

  /** When every change begun so far is over. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
