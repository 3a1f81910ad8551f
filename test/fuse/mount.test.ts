import { Errno } from '../../src/kernel/errno.ts';
import type { Handle } from '../../src/kernel/node.ts';
import { fuse, mounted } from '../support/fuse.ts';
import { MemoryDir, MemoryFile, MemoryLink } from '../support/nodes.ts';

const tree = () =>
  new MemoryDir({
    hello: new MemoryFile('hello\n'),
    fixed: new MemoryFile('fixed\n', 0o444),
    sub: new MemoryDir({ deep: new MemoryFile('deep\n') }),
    link: new MemoryLink('sub/deep'),
  });

fuse('ls, cat and links agree with the tree', async (t) => {
  const { sh, log } = await mounted(t, tree());
  t.is((await sh('ls')).out, 'fixed\nhello\nlink\nsub\n');
  t.is((await sh('cat hello link sub/deep; readlink link')).out, 'hello\ndeep\ndeep\nsub/deep\n');
  t.is((await sh('stat -c "%s %a %F" hello fixed link sub')).out.split('\n')[0], '6 644 regular file');
  t.deepEqual(log, []);
});

fuse('files are written, appended to, moved and removed', async (t) => {
  const { sh } = await mounted(t, tree());
  t.is(
    (await sh('echo new > sub/n && cat sub/n && mv sub/n sub/o && ls sub && rm sub/o && ls sub')).out,
    'new\ndeep\no\ndeep\n',
  );
  t.is((await sh('mkdir d && rmdir d && ls -d d')).code, 2);
});

fuse('a refusal reaches the program as its errno', async (t) => {
  const { sh } = await mounted(t, tree());
  t.regex((await sh('cat none')).err, /No such file or directory/);
  t.regex((await sh('echo x > fixed')).err, /Permission denied/);
  t.regex((await sh('ls hello/x')).err, /Not a directory/);
  t.regex((await sh('ln hello h2')).err, /Operation not permitted/);
});

fuse('an unmount gives everything back', async (t) => {
  const { sh, mounted: mount, session } = await mounted(t, tree());
  await sh('ls -lR; cat hello');
  await mount.unmount();
  await mount.ended;
  t.is(session.size, 0);
  await mount.unmount();
});

fuse('a close asks only files that have something to do then, and shows what they answer', async (t) => {
  class Picky extends MemoryFile {
    override open(): Handle {
      return {
        ...super.open(),
        stage: () => {
          throw new Errno('EDQUOT');
        },
      };
    }
  }
  const { sh, python, session } = await mounted(t, new MemoryDir({ plain: new MemoryFile('x'), picky: new Picky('') }));
  let flushed = 0;
  const flush = session.flush.bind(session);
  session.flush = (fid, request) => {
    flushed += 1;
    return flush(fid, request);
  };
  t.is((await sh('cat plain && echo y > plain && cat plain')).out, 'xy\n');
  t.is(flushed, 0);
  const closed = await python(`
fd = os.open('picky', os.O_WRONLY)
os.write(fd, b'x')
try:
    os.close(fd)
except OSError as e:
    print(e.errno)
`);
  t.is(closed.out, '122\n');
  t.is(flushed, 1);
});
