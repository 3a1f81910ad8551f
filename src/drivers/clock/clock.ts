/** Where all time comes from, so that a test can hold it still. */
export interface Clock {
  /** Milliseconds since the epoch, whole. */
  now(): number;
  /** Wall-clock nanoseconds since the epoch, for file times. Never goes back between two calls. */
  nanos(): bigint;
  /** Calls `run` once after `ms` milliseconds, any length. Returns the function that cancels it; cancelling twice is nothing. */
  timer(ms: number, run: () => void): () => void;
}

let last = NaN;
let lastText = '';

/** RFC 3339 in UTC, milliseconds: the form of every time in records and headers. Many records share a millisecond. */
export const timeText = (ms: number): string => {
  if (ms !== last) {
    lastText = new Date(ms).toISOString();
    last = ms;
  }
  return lastText;
};
