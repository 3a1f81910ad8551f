import type { Errors } from '../agent/errors.ts';
import { Text } from '../files/text.ts';
import type { World } from '../files/world.ts';

/** The last refusals and failures in words, newest last: time, path below this directory, code, reason. */
export const error = (world: World, errors: Errors): Text =>
  new Text(world, () =>
    errors
      .list()
      .map(({ time, path, code, reason }) => `${time} ${word(path)} ${code} ${reason}\n`)
      .join(''),
  );

/** A path as one word: what would end it is written in octal, as in /proc/mounts. The directory itself is a dot. */
const word = (path: string): string =>
  path === ''
    ? '.'
    : path.replace(/[\s\\\p{Cc}]/gu, (character) =>
        [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
      );
