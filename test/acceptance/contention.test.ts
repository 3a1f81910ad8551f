import { fuse } from '../support/fuse.ts';
import { contend } from '../support/contention.ts';

fuse(
  'mkdir and rmdir over 9P while FUSE looks up in the same directory, behind a slow handler: no deadlock',
  async (t) => {
    const looks = await contend(100, 50, () => undefined);
    t.true(looks > 0, 'nobody looked');
  },
);
