import type { Dialect } from './codec.ts';
import type { Table } from './messages.ts';

const LONGEST = 400;

/** Hears one line a message of a connection: `->` came in, `<-` went out. */
export type Trace = (line: string) => void;

/** A message as one bounded line. Whole lines are what transcripts in fixtures/9p consist of. */
export const show = <T extends Table>(
  dialect: Dialect<T>,
  tag: number,
  message: Parameters<Dialect<T>['show']>[1],
): string => {
  const line = dialect.show(tag, message);
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}... (${line.length} characters)` : line;
};
