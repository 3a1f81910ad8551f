const LONGEST = 400;

/** Hears one line a message of a connection: `->` came in, `<-` went out, `!!` is what ended it. */
export type Trace = (line: string) => void;

/** A trace line of bounded length. Whole lines are what the transcripts in fixtures/9p consist of. */
export const cut = (line: string): string =>
  line.length > LONGEST ? `${line.slice(0, LONGEST)}... (${line.length} characters)` : line;
