import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };

/** Where package.json lies. This file and the bundle are both one level below it. */
export const packageRoot = join(import.meta.dirname, '..');

export const version: string = manifest.version;
