import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { Agents } from '../../agent/agents.ts';
import { importAgent } from '../../agent/import.ts';
import { MANIFEST } from '../../agent/settings/manifest.ts';
import { Errno } from '../../kernel/errno.ts';
import type { Subject } from '../../kernel/subject.ts';
import { decode } from '../../kernel/utf8.ts';

/** The verb `import PATH` of the root: gives the outcome. A file of the host is for whoever is on the host. */
export const importFile = async (agents: Agents, path: string, subject: Subject): Promise<string> => {
  if (subject.tier !== 'operator' || subject.remote === true) {
    throw new Errno(
      'EPERM',
      "a file of the server's host is not imported over a network: use weft new NAME --from FILE",
    );
  }
  const { agent, warnings } = await importAgent(agents, decode(await contentOf(path)), subject);
  return [`imported ${agent.name}`, ...warnings.map((warning) => `not taken over: ${warning}`)].join('; ');
};

/** A regular file whole; what is none (a pipe, a device, a directory) is not waited for. */
const contentOf = async (path: string): Promise<Uint8Array> => {
  if (!isAbsolute(path))
    throw new Errno('EINVAL', `'${path}' is no absolute path: the server has no directory of yours`);
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      if (!(await file.stat()).isFile()) throw new Errno('EINVAL', `'${path}' is no regular file`);
      const buffer = Buffer.alloc(MANIFEST + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < buffer.length; length += read) {
        ({ bytesRead: read } = await file.read(buffer, length, buffer.length - length, length));
      }
      if (length > MANIFEST) throw new Errno('EFBIG', `'${path}' has more than ${MANIFEST} bytes`);
      return buffer.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw Errno.ofSystem(error);
  }
};
