import { writes } from '../../kernel/mode.ts';
import type { Opened } from '../../kernel/session.ts';
import { soon } from '../../kernel/soon.ts';
import { POLLHUP, POLLIN, POLLOUT, type Awaitable } from '../../kernel/node.ts';
import type { Call, Context, Operations } from '../context.ts';
import { giveBack } from '../entry.ts';
import {
  FOPEN_DIRECT_IO,
  FOPEN_NOFLUSH,
  FOPEN_NONSEEKABLE,
  FOPEN_STREAM,
  FSYNC_FDATASYNC,
  POLL_SCHEDULE_NOTIFY,
} from '../flags.ts';
import type { Answer, Body } from '../messages.ts';
import { otherwise } from '../otherwise.ts';

const styles = {
  direct: FOPEN_DIRECT_IO,
  // FOPEN_STREAM as well: with NONSEEKABLE alone one descriptor locks itself, a write behind a read that waits.
  stream: FOPEN_DIRECT_IO | FOPEN_STREAM | FOPEN_NONSEEKABLE,
  // Without FOPEN_KEEP_CACHE every open drops the pages: the host may have changed the file.
  paged: 0,
} as const;

/**
 * A close waits for the answer to FLUSH; where that would do nothing it is not asked for. Pages that were written through
 * the descriptor are written back by it, so it stays where there may be some.
 */
export const openFlags = ({ style, stages, directory }: Opened, flags: number): number => {
  if (directory) return 0;
  return stages || (style === 'paged' && writes(flags)) ? styles[style] : styles[style] | FOPEN_NOFLUSH;
};

const open = (
  context: Context,
  { flags }: Body<'OPEN'>,
  { node, caller, request }: Call,
): Awaitable<Answer<'OPEN'>> => {
  const { session, nodes, handles } = context;
  const fh = nodes.next();
  return soon(session.walk(nodes.fid(node), fh, [], request), () =>
    otherwise(
      () =>
        soon(session.open(fh, flags, request), (opened) => {
          handles.add(fh, node, caller);
          return { fh, open_flags: openFlags(opened, flags) };
        }),
      () => giveBack(context, fh),
    ),
  );
};

/** Nobody hears of a failure here: close(2) has long returned. The session has put it where it can be read. */
const release = (context: Context, fh: number, request: Parameters<Context['session']['clunk']>[1]) => {
  const { session, nodes, handles, publishing, log } = context;
  const { node } = handles.delete(fh);
  const done = session.clunk(fh, request);
  if (!(done instanceof Promise)) return;
  const quiet = done.catch((error: unknown) => log('a close did not publish', error));
  publishing.add(node, quiet);
  const parent = nodes.get(node)?.parent;
  if (parent) publishing.add(parent, quiet);
  return done;
};

/** From open to close. */
export const opening: Operations<
  'OPEN' | 'OPENDIR' | 'FLUSH' | 'RELEASE' | 'RELEASEDIR' | 'FSYNC' | 'FSYNCDIR' | 'POLL'
> = {
  OPEN: open,
  OPENDIR: open,

  FLUSH: ({ session }, { fh }, { request }) => session.flush(fh, request),

  RELEASE: (context, { fh }, { request }) => release(context, fh, request),
  RELEASEDIR: (context, { fh }, { request }) => release(context, fh, request),

  FSYNC: ({ session }, { fh, fsync_flags }, { request }) =>
    session.fsync(fh, (fsync_flags & FSYNC_FDATASYNC) !== 0, request),
  FSYNCDIR: ({ session }, { fh, fsync_flags }, { request }) =>
    session.fsync(fh, (fsync_flags & FSYNC_FDATASYNC) !== 0, request),

  POLL: ({ session, handles, wake }, { fh, kh, flags }) => {
    const handle = handles.get(fh);
    // One wake-up a descriptor is enough: select(2) in a loop asks again and again before anything happens.
    if (!(flags & POLL_SCHEDULE_NOTIFY) || handle.armed) return { revents: session.poll(fh) };
    handle.armed = true;
    const revents = session.poll(fh, () => {
      handle.armed = false;
      wake(kh);
    });
    // Ready already: nobody was asked to wake, and the next poll must ask.
    if (revents !== 0) handle.armed = false;
    return { revents: revents & (POLLIN | POLLOUT | POLLHUP) };
  },
};
