/** Characters of one term; longer words are found by their beginning. */
const LONG = 40;

/** Scripts that put no space between words: each character is a term. */
const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{N}\p{M}]+/gu;
const narrow = /[a-z0-9]+/g;
const ascii = /^\p{ASCII}*$/u;

/** The words of a text as they are indexed and asked for: lower case, without punctuation and markup, the first `most`. */
export const termsOf = (text: string, most = Infinity): string[] => {
  const plain = ascii.test(text);
  const folded = plain ? text.toLowerCase() : text.normalize('NFKC').toLowerCase();
  const terms: string[] = [];
  for (const [word] of folded.matchAll(plain ? narrow : wide)) {
    if (terms.length >= most) break;
    terms.push(word.length > LONG ? word.slice(0, LONG) : word);
  }
  return terms;
};
