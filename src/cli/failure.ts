import { Errno, isCode, textOf } from '../kernel/errno.ts';
import { UsageError } from './command.ts';

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');

/** What people see of an error: one line, never a stack. `weft: PATH: Reason (ECODE)` where there is a path and a code. */
export const describe = (error: unknown): string => {
  if (error instanceof UsageError) return `weft: ${oneLine(error.message)}; see weft help`;
  if (!(error instanceof Error)) return oneLine(`weft: ${String(error)}`);
  const { code, path } = error as NodeJS.ErrnoException;
  const subject = path === undefined || path === '' ? '' : `${path}: `;
  if (!isCode(code)) return oneLine(`weft: ${subject}${error.message}`);
  const reason = error instanceof Errno && error.message !== '' ? error.message : textOf(code);
  return oneLine(`weft: ${subject}${reason} (${code})`);
};

export const exitCodeOf = (error: unknown): number => (error instanceof UsageError ? 2 : 1);
