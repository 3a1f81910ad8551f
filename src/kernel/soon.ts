import type { Awaitable } from './node.ts';

/** `value` then `next`, without a promise where there is none: a hot call that need not wait must not cost a turn of the loop. */
export const soon = <T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> =>
  value instanceof Promise ? value.then(next) : next(value);
