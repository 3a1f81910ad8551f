import { isUtf8 } from 'node:buffer';
import { Errno } from './errno.ts';

const NAME_MAX = 255;

/** A file name as POSIX has it: 1 to 255 bytes, no '/' and no NUL, not '.' or '..'. */
export const checkName = (name: string): void => {
  if (name === '' || name === '.' || name === '..') throw new Errno('EINVAL', `not a file name: '${name}'`);
  if (name.includes('/') || name.includes('\0')) throw new Errno('EINVAL', 'a file name holds neither / nor NUL');
  if (name.length > NAME_MAX / 3 && nameBytes(name).length > NAME_MAX) throw new Errno('ENAMETOOLONG');
};

/** The name of an agent. */
export const agentName = /^[a-z][a-z0-9-]{0,31}$/;

/** Any other name a user gives. */
export const userName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Finds what is no well-formed Unicode. */
export const lone = /\p{Surrogate}/u;

/**
 * A host file's name is bytes. One that is no UTF-8 becomes a string in which each byte outside a valid sequence is a
 * lone surrogate, U+DC80 to U+DCFF (Python's surrogateescape), so that it can be named; only FUSE can carry such names.
 */
export const nameText = (bytes: Uint8Array): string => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  if (!text.includes('\ufffd') || isUtf8(bytes)) return text;
  let escaped = '';
  for (let i = 0; i < bytes.length;) {
    const length = sequence(bytes, i);
    if (length === 0) escaped += String.fromCharCode(0xdc00 + bytes[i++]!);
    else {
      escaped += Buffer.from(bytes.subarray(i, i + length)).toString();
      i += length;
    }
  }
  return escaped;
};

/** The bytes of a name, the other way round. */
export const nameBytes = (name: string): Buffer => {
  if (!lone.test(name)) return Buffer.from(name);
  const parts: Buffer[] = [];
  for (const character of name) {
    const code = character.codePointAt(0)!;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(character));
  }
  return Buffer.concat(parts);
};

/** How many bytes the valid UTF-8 sequence at `i` has; 0: none begins here. */
const sequence = (bytes: Uint8Array, i: number): number => {
  const first = bytes[i]!;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  return length > 0 && i + length <= bytes.length && isUtf8(bytes.subarray(i, i + length)) ? length : 0;
};
