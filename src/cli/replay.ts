import { readFile, stat } from 'node:fs/promises';
import { recordsOf } from '../agent/replay/recorded.ts';
import { replay } from '../agent/replay/replay.ts';
import { verify } from '../agent/verify.ts';
import { MemoryStore } from '../drivers/store/memory.ts';
import { Errno } from '../kernel/errno.ts';
import type { Run } from './command.ts';
import { print } from './output.ts';
import { Progress } from './progress.ts';
import { at } from './remote.ts';

/** Twice what a log keeps: a reader that holds it may see that much. */
const LARGEST = 32 * 1024 * 1024;

/** Runs a copy of a trajectory again. Exit 1 at the first difference. */
export const run: Run = async ([path]) => {
  const progress = new Progress();
  try {
    const bytes = await content(path!);
    const { altered } = await verify(once(bytes));
    if (altered) throw new Errno('EBADMSG', `record ${altered.seq} at byte ${altered.offset}: ${altered.reason}`);
    const recording = recordsOf(bytes.toString());
    const total = recording.length;
    const { records, difference } = await replay(recording, {
      store: new MemoryStore(),
      progress: (done) => progress.show(() => `replay: record ${done} of ${total}`),
    });
    progress.clear();
    if (!difference) {
      await print(`identical ${records} records\n`);
      return 0;
    }
    const { seq, member, expected, got } = difference;
    await print(
      `different at record ${seq}, after ${records} that are identical: ${member}: ${expected}, now ${got}\n`,
    );
    return 1;
  } catch (error) {
    progress.clear();
    throw at(path!, error);
  }
};

const content = async (path: string): Promise<Buffer> => {
  const { size } = await stat(path);
  if (size > LARGEST) throw new Errno('EFBIG', `a trajectory has at most ${LARGEST} bytes`);
  return readFile(path);
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
