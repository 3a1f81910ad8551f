export { decode } from '../kernel/utf8.ts';

/** The longest head of `text` that fits into `limit` bytes of UTF-8 and ends at a character boundary. */
export const cut = (text: string, limit: number): string => {
  // No character of a string is more than three bytes.
  if (text.length * 3 <= limit) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  let end = Math.max(limit, 0);
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString();
};
