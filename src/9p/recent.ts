/** Keys in the order of their last use, at most `limit`. */
export class Recent<K, V> {
  readonly #map = new Map<K, V>();
  readonly #limit: number;
  readonly #dropped: (value: V) => void;

  constructor(limit: number, dropped: (value: V) => void) {
    this.#limit = limit;
    this.#dropped = dropped;
  }

  get(key: K): V | undefined {
    const value = this.#map.get(key);
    if (value !== undefined) {
      this.#map.delete(key);
      this.#map.set(key, value);
    }
    return value;
  }

  set(key: K, value: V): void {
    this.#map.set(key, value);
    if (this.#map.size <= this.#limit) return;
    const [oldest] = this.#map.keys();
    this.delete(oldest!);
  }

  delete(key: K): void {
    const value = this.#map.get(key);
    if (value === undefined) return;
    this.#map.delete(key);
    this.#dropped(value);
  }
}
