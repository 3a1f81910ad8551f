/**
 * Inode numbers, which are 9P's qid.path. One counter for everything synthetic; the host kind lives above `hostBase`.
 * A number is never used again while the server runs.
 */
export const hostBase = 2 ** 52;

let next = 0;

export const nextQid = (): number => ++next;
