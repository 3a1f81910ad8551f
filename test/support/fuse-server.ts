/** A server of its own, to be killed: mounts a small tree on the directory it is given and says so. */
import { linux } from '../../src/fuse/linux.ts';
import { MemoryDir, MemoryFile, sessionOn } from './nodes.ts';

const { session, changes } = await sessionOn(new MemoryDir({ hello: new MemoryFile('hello\n') }), {
  maxFids: Infinity,
});
const log = (text: string, cause?: unknown): void => console.error(text, cause);
const mounted = await linux.mount({ dir: process.argv[2]!, source: 'weft-test', session, changes, log });
console.log('mounted');
process.once('SIGTERM', () => {
  void mounted.unmount();
});
await mounted.ended;
console.log('ended');
