import { addAbortSignal } from 'node:stream';

/** The words of the command line as a line of text, or standard input where there are none. */
export const typed = (words: readonly string[], signal: AbortSignal): Iterable<Buffer> | AsyncIterable<Buffer> =>
  words.length > 0 ? [Buffer.from(`${words.join(' ')}\n`)] : addAbortSignal(signal, process.stdin);
