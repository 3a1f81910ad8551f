import { Errno } from '../kernel/errno.ts';

const newline = 0x0a;

/** One value of the store: a line of JSON that says what it is, then bytes as they were given. */
export const pack = (head: object, bytes: Uint8Array = Buffer.alloc(0)): Uint8Array =>
  Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), bytes]);

/** The head has the shape the writer of that key gave it: keys and shapes belong together (`keys.ts`). */
export const unpack = (value: Uint8Array): { head: unknown; bytes: Uint8Array } => {
  const end = value.indexOf(newline);
  if (end < 0) throw new Errno('EBADMSG', 'a stored value has no head');
  return { head: JSON.parse(Buffer.from(value.subarray(0, end)).toString()), bytes: value.subarray(end + 1) };
};
