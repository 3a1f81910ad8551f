import type { Errors } from '../agent/errors.ts';
import { Text } from '../files/text.ts';
import type { World } from '../files/world.ts';

/** The last refusals and failures in words, newest last: time, path, code, reason. */
export const error = (world: World, errors: Errors): Text =>
  new Text(world, () =>
    errors
      .list()
      .map(({ time, path, code, reason }) => `${time} ${path} ${code} ${reason}\n`)
      .join(''),
  );
