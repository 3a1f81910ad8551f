import { Errno } from '../../kernel/errno.ts';
import { O_NONBLOCK } from '../../kernel/mode.ts';
import { soon } from '../../kernel/soon.ts';
import type { Operations } from '../context.ts';
import { MAX_WRITE } from '../reply.ts';

/** Up to here copying what a write brings costs less than keeping its whole frame while the write is under way. */
const COPY = 16_384;

/** What moves bytes. The session checks offsets, counts and how the file was opened. */
export const data: Operations<'READ' | 'WRITE' | 'FALLOCATE' | 'LSEEK' | 'COPY_FILE_RANGE'> = {
  READ: ({ session }, { fh, offset, size, flags }, { request }) => {
    // fcntl(2) may have changed it since the open.
    request.nonblock = (flags & O_NONBLOCK) !== 0;
    if (size > MAX_WRITE) throw new Errno('EINVAL', `a read of ${size} bytes`);
    return soon(session.read(fh, offset, size, request), (bytes) => {
      if (bytes.length > size) throw new Errno('EIO', `${bytes.length} bytes read where ${size} were asked for`);
      return bytes;
    });
  },

  WRITE: (context, { fh, offset, data: view }, { request }) => {
    // The session may keep the bytes until its promise settles, the frame is used again at once.
    const bytes = view.length <= COPY ? Buffer.from(view) : view;
    const count = context.session.write(fh, offset, bytes, request);
    if (!(count instanceof Promise)) return { size: count };
    if (bytes !== view) return count.then((size) => ({ size }));
    const held = context.hold();
    return count.then((size) => ({ size })).finally(held);
  },

  FALLOCATE: ({ session }, { fh, offset, length, mode }, { request }) =>
    session.allocate(fh, offset, length, mode, request),

  LSEEK: ({ session }, { fh, offset, whence }, { request }) =>
    soon(session.seek(fh, offset, whence, request), (found) => ({ offset: found })),

  COPY_FILE_RANGE: ({ session }, { fh_in, off_in, fh_out, off_out, len }, { request }) =>
    soon(session.copy(fh_in, off_in, fh_out, off_out, len, request), (size) => ({ size })),
};
