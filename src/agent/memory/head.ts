/** The first `limit` bytes of UTF-8 at most, ending at a character. What comes after is not even looked at. */
export const headOf = (bytes: Uint8Array, limit: number): string => {
  let end = Math.min(bytes.length, limit);
  if (end < bytes.length) while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString();
};

/** The same of a text: as many characters, none of them cut in two. */
export const head = (text: string, limit: number): string => {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? limit - 1 : limit);
};

/** A piece of a text around one of the words, on one line. */
export const excerpt = (text: string, words: readonly string[]): string => {
  const lower = text.toLowerCase();
  const places = words.map((word) => lower.indexOf(word)).filter((at) => at >= 0);
  const at = Math.min(text.length, ...(places.length > 0 ? places : [0]));
  let start = Math.max(0, at - BEFORE);
  // Begins at a word where there is one near, and never in the middle of a character.
  if (start > 0) {
    const space = text.slice(start, at).search(/\s/);
    if (space >= 0) start += space + 1;
    else if (low(text, start)) start++;
  }
  let end = Math.min(text.length, at + AFTER);
  if (low(text, end)) end--;
  const piece = text
    .slice(start, end)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return `${start > 0 ? '...' : ''}${piece}${end < text.length ? '...' : ''}`;
};

const BEFORE = 40;
const AFTER = 100;

const low = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code < 0xe000;
};
