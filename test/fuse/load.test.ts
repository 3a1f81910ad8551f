import type { Awaitable, Handle } from '../../src/kernel/node.ts';
import { fuse, mounted } from '../support/fuse.ts';
import { MemoryDir, MemoryFile } from '../support/nodes.ts';
import { Bell } from '../support/waiting.ts';

/** Takes what is written only some turns after it came, as a file on a disk does. */
class LateFile extends MemoryFile {
  override open(): Handle {
    const handle = super.open();
    return {
      ...handle,
      write: async (offset, data, request) => {
        for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
        return handle.write!(offset, data, request);
      },
    };
  }
}

fuse('many large writes at once keep their bytes, in bounded space', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`f${index}`, new LateFile('')]));
  const { python, log } = await mounted(t, new MemoryDir(files));
  const { out, err } = await python(`
import threading
def put(i):
  fd = os.open('f%d' % i, os.O_WRONLY)
  assert os.write(fd, bytes([i]) * (1 << 20)) == 1 << 20
  os.close(fd)
threads = [threading.Thread(target=put, args=(i,)) for i in range(90)]
for x in threads: x.start()
for x in threads: x.join()
print('done')
`);
  t.is(out, 'done\n', err);
  for (let index = 0; index < 90; index++) {
    const { content } = files[`f${index}`]!;
    t.is(content.length, 1 << 20);
    t.true(content.every((byte) => byte === index));
  }
  t.deepEqual(log, []);
});

fuse('a megabyte goes in one write and comes in one read', async (t) => {
  const sizes: number[] = [];
  class Counting extends MemoryFile {
    override open(): Handle {
      const handle = super.open();
      return {
        ...handle,
        read: (offset, count, request): Awaitable<Uint8Array> => {
          sizes.push(count);
          return handle.read!(offset, count, request);
        },
        write: (offset, data, request): Awaitable<number> => {
          sizes.push(data.length);
          return handle.write!(offset, data, request);
        },
      };
    }
  }
  const { python } = await mounted(t, new MemoryDir({ big: new Counting('') }));
  const { out, err } = await python(`
import mmap
fd = os.open('big', os.O_RDWR)
# On pages of its own: one that begins within a page touches 257, and the kernel takes 256 at once.
text, back = mmap.mmap(-1, 1 << 20), mmap.mmap(-1, 1 << 20)
text.write(os.urandom(1 << 20))
print(os.writev(fd, [text]), os.preadv(fd, [back], 0), text[:] == back[:])
`);
  t.is(out, '1048576 1048576 True\n', err);
  t.deepEqual(sizes, [1 << 20, 1 << 20]);
});

fuse('an operation that takes its time stops no other', async (t) => {
  const bell = new Bell();
  let go = false;
  let begun = 0;
  class SlowFile extends MemoryFile {
    override open(): Handle {
      const handle = super.open();
      return {
        ...handle,
        read: async (offset, count, request) => {
          begun++;
          bell.ring();
          await bell.until(() => go);
          return handle.read!(offset, count, request);
        },
      };
    }
  }
  const root = new MemoryDir({ slow: new SlowFile('slow\n'), sub: new MemoryDir({ fast: new MemoryFile('fast\n') }) });
  const { sh } = await mounted(t, root);
  const slow = [1, 2, 3].map(() => sh('cat slow'));
  await bell.until(() => begun === 3);
  t.is((await sh('cat sub/fast; ls; echo x > new; cat new; rm new; stat -c %s slow')).out, 'fast\nslow\nsub\nx\n5\n');
  go = true;
  bell.ring();
  for (const one of slow) t.is((await one).out, 'slow\n');
});

fuse('what is opened, made and removed is forgotten', async (t) => {
  const { python, mounted: mount, session } = await mounted(t, new MemoryDir({ hello: new MemoryFile('hello\n') }));
  const { out, err } = await python(`
os.stat('hello')
for i in range(2000):
  name = 'f%d' % i
  fd = os.open(name, os.O_RDWR | os.O_CREAT)
  os.write(fd, b'x')
  os.close(fd)
  for _ in range(3): open(name).read()
  os.rename(name, name + 'b')
  os.remove(name + 'b')
  os.mkdir('d'); os.rmdir('d')
print('done')
`);
  t.is(out, 'done\n', err);
  // The root and the one file that is left; the last forgets may be on their way, behind this.
  t.is((await python('print(os.listdir("."))')).out, "['hello']\n");
  t.is(mount.known.open, 0);
  t.true(mount.known.nodes <= 4, `${mount.known.nodes} nodes`);
  t.is(session.size, mount.known.nodes);
});

fuse('a large directory is listed whole, with and without attributes', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, new MemoryFile('x')]));
  const { python } = await mounted(t, new MemoryDir(files));
  const { out, err } = await python(`
for _ in range(3):
  names = os.listdir('.')
  print(len(names), len(set(names)), sum(e.stat().st_size for e in os.scandir('.')))
`);
  t.is(out, '5000 5000 5000\n'.repeat(3), err);
});
