import { Text } from '../files/text.ts';
import type { World } from '../files/world.ts';

/** The mount table of the client that reads it, in the form of a namespace file. */
export const mounts = (world: World): Text => new Text(world, (request) => request.mounts?.() ?? '');
