import { Errno } from '../../kernel/errno.ts';
import type { Awaitable, Changed } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';
import { soon } from '../../kernel/soon.ts';
import type { Context, Operations } from '../context.ts';
import { kept } from '../entry.ts';
import * as flags from '../flags.ts';
import { sizeOut, type Answer, type Body } from '../messages.ts';

/** fstat(2) asks the open file, which may know better than the node what it is. */
const stat = (
  context: Context,
  node: number,
  fh: number | undefined,
  request: Request,
): Awaitable<Answer<'GETATTR'>> => {
  const { session, nodes, serial } = context;
  const fid = nodes.fid(node);
  return soon(session.stat(fh ?? fid, request), (attr) => ({
    attr_valid: kept(context, fid, serial),
    attr_valid_nsec: 0,
    attr,
  }));
};

const time = (now: boolean, seconds: number, nanoseconds: number): bigint | 'now' =>
  now ? 'now' : BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);

const changes = (body: Body<'SETATTR'>): Changed => {
  const { valid } = body;
  const changed: Changed = {};
  if (valid & flags.FATTR_MODE) changed.mode = body.mode & 0o7777;
  if (valid & flags.FATTR_UID) changed.uid = body.uid;
  if (valid & flags.FATTR_GID) changed.gid = body.gid;
  if (valid & flags.FATTR_SIZE) changed.size = body.size;
  if (valid & flags.FATTR_ATIME)
    changed.atime = time((valid & flags.FATTR_ATIME_NOW) !== 0, body.atime, body.atimensec);
  if (valid & flags.FATTR_MTIME)
    changed.mtime = time((valid & flags.FATTR_MTIME_NOW) !== 0, body.mtime, body.mtimensec);
  return changed;
};

/** getxattr(2)'s two questions: how long is it, and what is it, in at most `size` bytes. */
const sized = (value: Uint8Array, size: number): Uint8Array => {
  if (size === 0) {
    const answer = Buffer.alloc(sizeOut.size);
    sizeOut.write(answer, 0, { size: value.length });
    return answer;
  }
  if (value.length > size) throw new Errno('ERANGE');
  return value;
};

export const attributes: Operations<
  'GETATTR' | 'SETATTR' | 'STATFS' | 'ACCESS' | 'GETXATTR' | 'SETXATTR' | 'LISTXATTR' | 'REMOVEXATTR'
> = {
  GETATTR: (context, { getattr_flags, fh }, { node, request }) =>
    stat(context, node, getattr_flags & flags.GETATTR_FH ? context.handles.get(fh).fid : undefined, request),

  SETATTR: (context, body, { node, request }) => {
    const fh = body.valid & flags.FATTR_FH ? context.handles.get(body.fh).fid : undefined;
    return soon(context.session.setattr(context.nodes.fid(node), changes(body), request, fh), () =>
      stat(context, node, fh, request),
    );
  },

  STATFS: ({ session, nodes }, _body, { node, request }) =>
    soon(session.statfs(nodes.fid(node), request), (space) => ({ ...space, frsize: space.bsize })),

  ACCESS: ({ session, nodes }, { mask }, { node, request }) => session.access(nodes.fid(node), mask, request),

  GETXATTR: ({ session, nodes }, { name, size }, { node, request }) =>
    soon(session.getxattr(nodes.fid(node), name, request), (value) => sized(value, size)),

  SETXATTR: ({ session, nodes }, { name, value, flags: how }, { node, request }) =>
    session.setxattr(nodes.fid(node), name, Buffer.from(value), how, request),

  LISTXATTR: ({ session, nodes }, { size }, { node, request }) =>
    soon(session.listxattr(nodes.fid(node), request), (names) =>
      sized(Buffer.from(names.map((name) => `${name}\0`).join('')), size),
    ),

  REMOVEXATTR: ({ session, nodes }, { name }, { node, request }) => session.removexattr(nodes.fid(node), name, request),
};
