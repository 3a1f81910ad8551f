import { Errno } from '../kernel/errno.ts';
import type { Operation } from '../drivers/store/store.ts';

/**
 * A part of the batch at the end of a tick. `prepare` comes right before the batch is taken (what a durable journal
 * carries is appended there); then exactly one of `apply` and `revert`. Given up before the end, only `revert` comes.
 */
export interface Effect {
  readonly operations: readonly Operation[];
  prepare?(): void;
  apply?(): void;
  revert?(): void;
}

/** What a tick, or one job of it, will have done to the state once it is committed: all of it or nothing. */
export class Effects {
  #effects: Effect[] = [];
  #over = false;

  /** ECANCELED when it is over: a tool that goes on after it was cancelled changes nothing. The effect is reverted then. */
  push(...effects: Effect[]): void {
    if (this.#over) {
      for (const effect of effects) effect.revert?.();
      throw new Errno('ECANCELED', 'the job is over');
    }
    this.#effects.push(...effects);
  }

  /** All of another's, which is over with that. */
  take(other: Effects): void {
    this.push(...other.#end());
  }

  prepare(): Operation[] {
    for (const effect of this.#effects) effect.prepare?.();
    return this.#effects.flatMap(({ operations }) => operations);
  }

  apply(): void {
    for (const effect of this.#end()) effect.apply?.();
  }

  /** The newest first. */
  revert(): void {
    for (const effect of this.#end().reverse()) effect.revert?.();
  }

  #end(): Effect[] {
    const effects = this.#effects;
    this.#effects = [];
    this.#over = true;
    return effects;
  }
}
