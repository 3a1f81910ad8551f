/** What a change listener hears. Called synchronously; it must queue and return. */
export interface Listener {
  /** Content or attributes of the node changed. */
  attributes(qid: number): void;
  /** A name in a directory now means something else. `gone` is the node that was there, if it was removed. */
  entry(directory: number, name: string, gone?: number): void;
}

/** Announcements that keep caches coherent: whoever changes a node marked `cached` tells it here. */
export class Changes implements Listener {
  readonly #listeners = new Set<Listener>();

  attributes(qid: number): void {
    for (const listener of this.#listeners) listener.attributes(qid);
  }

  entry(directory: number, name: string, gone?: number): void {
    for (const listener of this.#listeners) listener.entry(directory, name, gone);
  }

  /** Returns the function that ends it. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
