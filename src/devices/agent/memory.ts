import { BUNDLE } from '../../agent/memory/bundle.ts';
import { Verbs } from '../../files/verbs.ts';
import { Errno } from '../../kernel/errno.ts';
import { O_RDONLY, S_IFMT, S_IFREG } from '../../kernel/mode.ts';
import { checkName } from '../../kernel/name.ts';
import type { Handle, Node } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import type { AgentContext } from './agent-dir.ts';

/** A file below `work/`, whole. No link is followed, wherever it leads: ELOOP. EINVAL for what is no plain file, EFBIG. */
const fileIn = async (work: Node | undefined, path: string, request: Request): Promise<Uint8Array> => {
  let node = work;
  for (const name of path.replace(/^work\//, '').split('/')) {
    if (node?.kind !== 'dir') throw new Errno(node ? 'ENOTDIR' : 'ENOENT', `no file work/${path}`);
    checkName(name);
    node = await node.lookup(name, request);
    if (!node) throw new Errno('ENOENT', `no file work/${path}`);
    if (node.kind === 'link') throw new Errno('ELOOP', `'${name}' is a link`);
  }
  if (node?.kind !== 'file' || ((await node.stat(request)).mode & S_IFMT) !== S_IFREG) {
    throw new Errno('EINVAL', `work/${path} is not a plain file`);
  }
  const handle = await node.open(O_RDONLY, request);
  try {
    return await all(handle, request);
  } finally {
    handle.close?.();
  }
};

const all = async (handle: Handle, request: Request): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const piece = await handle.read!(size, PIECE, request);
    if (piece.length === 0) return Buffer.concat(pieces);
    pieces.push(piece);
    size += piece.length;
    if (size > BUNDLE) throw new Errno('EFBIG', `a bundle has at most ${BUNDLE} bytes`);
  }
};

const PIECE = 1024 * 1024;

/** Commands to what the agent remembers. */
export const ctl = ({ agent, server, beside }: AgentContext): Verbs =>
  new Verbs(server.world, [
    {
      name: 'forget',
      args: 'GLOB',
      says: 'delete notes, episodes and conversations, for good',
      run: async ([pattern]) => {
        const { length } = await agent.memory.forget(pattern!);
        return length === 0 ? `forgot nothing: no memory matches ${pattern}` : `forgot ${length}`;
      },
    },
    {
      name: 'compact',
      args: '',
      says: 'fold old episodes into one summary, a line each',
      run: async () => {
        const folded = await agent.memory.compact();
        return folded === 0 ? 'nothing is old enough to be folded' : `folded ${folded}`;
      },
    },
    {
      name: 'import',
      args: 'NAME',
      says: 'take over a bundle of export, a file under work/',
      run: async ([name], request) => {
        const { notes, episodes, exchanges } = await agent.memory.import(await fileIn(beside('work'), name!, request));
        return `imported ${notes} notes, ${episodes} episodes, ${exchanges} exchanges`;
      },
    },
  ]);
