export const levels = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof levels)[number];

/** What goes with a message. Values are JSON or errors; a field whose name says secret is never written out. */
export type Fields = Readonly<Record<string, unknown>>;

/** The server's own journal: for the one who runs it, not for agents (theirs is `logs/` in the tree). */
export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}
