import { Text } from '../../files/text.ts';
import type { World } from '../../files/world.ts';

// The signature line is fixed by the Cache Directory Tagging Specification.
const text = `Signature: 8a477f597d28d172789f06886806bc55
# This tree is made by weft as it is read; backup tools may skip it.
`;

/** By this name backup tools skip the tree. */
export const cachedir = (world: World): Text => new Text(world, () => text, { fixed: true });
