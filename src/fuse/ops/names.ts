import { Errno } from '../../kernel/errno.ts';
import { nameBytes } from '../../kernel/name.ts';
import { soon } from '../../kernel/soon.ts';
import type { Context, Operations } from '../context.ts';
import { enter, giveBack, learn } from '../entry.ts';
import { otherwise } from '../otherwise.ts';
import { openFlags } from './open.ts';

const forget = (context: Context, node: number, lookups: number): void => {
  const fid = context.nodes.forget(node, lookups);
  if (fid !== undefined) giveBack(context, fid);
};

const rename = (
  { session, nodes }: Context,
  from: number,
  to: { newdir: number; name: string; newName: string },
  flags: number,
  request: Parameters<typeof session.rename>[5],
) => session.rename(nodes.fid(from), to.name, nodes.fid(to.newdir), to.newName, flags, request);

/** What makes, finds, moves and removes names. The caller's umask is already in the mode: we do not ask for FUSE_DONT_MASK. */
export const names: Operations<
  | 'LOOKUP'
  | 'FORGET'
  | 'BATCH_FORGET'
  | 'SYMLINK'
  | 'MKNOD'
  | 'MKDIR'
  | 'UNLINK'
  | 'RMDIR'
  | 'RENAME'
  | 'RENAME2'
  | 'LINK'
  | 'READLINK'
  | 'CREATE'
> = {
  LOOKUP: (context, { name }, call) => enter(context, call.node, name, call),

  FORGET: (context, { nlookup }, { node }) => forget(context, node, nlookup),

  BATCH_FORGET: (context, { forgets }) => {
    for (const { nodeid, nlookup } of forgets) forget(context, nodeid, nlookup);
  },

  SYMLINK: (context, { name, target }, call) =>
    soon(context.session.symlink(context.nodes.fid(call.node), name, target, call.request), () =>
      enter(context, call.node, name, call),
    ),

  MKNOD: (context, { name, mode, rdev }, call) =>
    soon(context.session.mknod(context.nodes.fid(call.node), name, mode, rdev, call.request), () =>
      enter(context, call.node, name, call),
    ),

  MKDIR: (context, { name, mode }, call) =>
    soon(context.session.mkdir(context.nodes.fid(call.node), name, mode, call.request), () =>
      enter(context, call.node, name, call),
    ),

  UNLINK: ({ session, nodes }, { name }, { node, request }) => session.unlink(nodes.fid(node), name, false, request),

  RMDIR: ({ session, nodes }, { name }, { node, request }) => session.unlink(nodes.fid(node), name, true, request),

  RENAME: (context, body, { node, request }) => rename(context, node, body, 0, request),

  RENAME2: (context, body, { node, request }) => rename(context, node, body, body.flags, request),

  LINK: (context, { oldnodeid, name }, call) =>
    soon(context.session.link(context.nodes.fid(call.node), name, context.nodes.fid(oldnodeid), call.request), () =>
      enter(context, call.node, name, call),
    ),

  READLINK: ({ session, nodes }, _body, { node, request }) =>
    soon(session.readlink(nodes.fid(node), request), (target) => nameBytes(target)),

  CREATE: (context, { name, flags, mode }, call) => {
    const { session, nodes, handles } = context;
    const fh = nodes.next();
    const directory = nodes.fid(call.node);
    return soon(session.walk(directory, fh, [], call.request), () =>
      otherwise(
        () =>
          soon(session.create(fh, name, flags, mode, call.request), (opened) => {
            const fid = nodes.next();
            const { serial } = context;
            // The name may already mean something else; the descriptor is of what was made, and so must the entry be.
            return soon(session.walk(directory, fid, [name], call.request), ([attributes]) => {
              if (attributes?.qid !== opened.attributes.qid) {
                if (attributes) giveBack(context, fid);
                throw new Errno('ESTALE', `${name} was replaced while it was made`);
              }
              const entry = learn(context, call.node, name, fid, attributes, serial);
              handles.add(fh, entry.nodeid, call.caller);
              return { entry, open: { fh, open_flags: openFlags(opened, flags) } };
            });
          }),
        () => giveBack(context, fh),
      ),
    );
  },
};
