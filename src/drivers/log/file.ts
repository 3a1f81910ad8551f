import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { line } from './line.ts';
import type { Fields, Level, Log } from './log.ts';
import { levels } from './log.ts';

/** Two files of this size at most: the one that is written and the one before it. */
const MAX_BYTES = 8 * 1024 * 1024;

export interface FileLog extends Log {
  close(): void;
}

export interface FileLogOptions {
  /** What is less important is not written. */
  readonly level?: Level;
  readonly maxBytes?: number;
  /** Milliseconds since the epoch; the clock driver's. */
  readonly now?: () => number;
}

/**
 * JSON Lines in `path` (0600); at `maxBytes` the file becomes `path.1` and a new one begins. Writes are synchronous:
 * a line costs some microseconds, and the line that explains a crash is on disk when the process is gone. A journal
 * that cannot be written must not stop the server: the failure is told once on standard error.
 */
export const fileLog = (path: string, options: FileLogOptions = {}): FileLog => {
  const { level = 'info', maxBytes = MAX_BYTES, now = Date.now } = options;
  const least = levels.indexOf(level);
  const open = (): number => openSync(path, 'a', 0o600);
  let descriptor: number | undefined = open();
  let size = fstatSync(descriptor).size;
  let failed = false;

  const rotate = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
    renameSync(path, `${path}.1`);
    descriptor = open();
    size = 0;
  };

  const write = (at: Level, message: string, fields?: Fields): void => {
    if (descriptor === undefined || levels.indexOf(at) < least) return;
    const text = Buffer.from(line(now(), at, message, fields));
    try {
      if (size > 0 && size + text.length > maxBytes) rotate();
      size += writeSync(descriptor, text);
    } catch (error) {
      if (!failed) process.stderr.write(`weft: ${path}: the log cannot be written: ${(error as Error).message}\n`);
      failed = true;
    }
  };

  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    close: () => {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
};
