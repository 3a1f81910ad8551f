import manifest from '../../package.json' with { type: 'json' };
import type { Run } from './command.ts';
import { print } from './output.ts';

export const version: string = manifest.version;

export const run: Run = async () => {
  await print(`weft ${version}\n`);
  return 0;
};
