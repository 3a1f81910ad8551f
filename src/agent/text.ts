import { Errno } from '../kernel/errno.ts';

/** The longest head of `text` that fits into `limit` bytes of UTF-8 and ends at a character boundary. */
export const cut = (text: string, limit: number): string => {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = Math.max(limit, 0);
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString();
};

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** EINVAL for bytes that are not UTF-8: everything an agent is told is text. */
export const decode = (bytes: Uint8Array): string => {
  try {
    return strict.decode(bytes);
  } catch (cause) {
    throw new Errno('EINVAL', 'this is not UTF-8 text', { cause });
  }
};
