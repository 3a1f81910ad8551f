import { linux } from '../../src/fuse/linux.ts';
import type { Attributes, Awaitable } from '../../src/kernel/node.ts';
import type { Request } from '../../src/kernel/request.ts';
import { Session } from '../../src/kernel/session.ts';
import { operator } from '../../src/kernel/subject.ts';
import { tree } from './tree.ts';

/**
 * Serves the tree on the directory named by the first argument. The parent may send `count` and gets how many calls of
 * the kernel have asked for a name or for attributes so far, and how many readers wait.
 */
let asked = 0;

class Counting extends Session {
  override walk(fid: number, newFid: number, names: readonly string[], request: Request): Awaitable<Attributes[]> {
    asked += 1;
    return super.walk(fid, newFid, names, request);
  }

  override stat(fid: number, request: Request): Awaitable<Attributes> {
    asked += 1;
    return super.stat(fid, request);
  }
}

const { namespace, changes, waiting } = await tree();
const mounted = await linux.mount({
  dir: process.argv[2]!,
  source: 'bench',
  session: new Counting({ namespace, changes, subject: operator, maxFids: Infinity }),
  changes,
  log: (message, cause) => console.error(message, cause ?? ''),
});
process.on('message', () => process.send?.({ asked, waiting: waiting() }));
// The parent went away, or wants us to: either way nobody is left to be served.
for (const end of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(end, () => void mounted.unmount());
void mounted.ended.then(() => process.exit());
process.send?.('ready');
