import { version } from '../package.ts';
import type { Run } from './command.ts';
import { print } from './output.ts';

export const run: Run = async () => {
  await print(`weft ${version}\n`);
  return 0;
};
