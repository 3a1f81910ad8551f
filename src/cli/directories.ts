import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A directory and those above it, like mkdir -p; what is there stays as it is. Node's own recursive mkdir never ends
 * where the file system answers ENOENT below a directory that exists, as /proc does. Throws what mkdir(2) says.
 */
export const makeDirectories = (path: string, mode = 0o777): void => {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(path);
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || above === path || statSync(above, { throwIfNoEntry: false })) throw error;
    makeDirectories(above, mode);
    mkdirSync(path, { mode });
  }
};
