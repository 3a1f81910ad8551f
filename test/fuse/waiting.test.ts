import { readdir } from 'node:fs/promises';
import { fuse, mounted } from '../support/fuse.ts';
import { MemoryDir, MemoryFile } from '../support/nodes.ts';
import { StreamFile } from '../support/waiting.ts';

const tree = () => {
  const stream = new StreamFile();
  return { stream, root: new MemoryDir({ stream, hello: new MemoryFile('hello\n') }) };
};

fuse('a waiting read gets what comes, at once and in pieces', async (t) => {
  const { stream, root } = tree();
  const { dir, start } = await mounted(t, root);
  const cat = start('cat', `${dir}/stream`);
  await stream.bell.until(() => stream.readers === 1);
  stream.push('one\n');
  await cat.says('one\n');
  await stream.bell.until(() => stream.readers === 1);
  stream.push('two\n');
  await cat.says('two\n');
  stream.end();
  t.like(await cat.done, { code: 0, out: 'one\ntwo\n' });
});

fuse('Ctrl-C ends a waiting read and leaves nothing behind', async (t) => {
  const { stream, root } = tree();
  const { dir, start, mounted: mount } = await mounted(t, root);
  for (let round = 0; round < 5; round++) {
    const cat = start('cat', `${dir}/stream`);
    await stream.bell.until(() => stream.readers === 1);
    cat.child.kill('SIGINT');
    t.is((await cat.done).signal, 'SIGINT');
    await stream.bell.until(() => stream.handles === 0);
    t.is(stream.readers, 0);
  }
  t.is(mount.known.open, 0);
});

fuse('a signal that is handled gives EINTR and the descriptor goes on', async (t) => {
  const { stream, root } = tree();
  const { python } = await mounted(t, root);
  const client = python(`
import signal
class Late(Exception): pass
def late(*_): raise Late()
signal.signal(signal.SIGALRM, late)
fd = os.open('stream', os.O_RDONLY)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try: os.read(fd, 10)
except Late: print('interrupted', flush=True)
print(os.read(fd, 10))
`);
  await stream.bell.until(() => stream.readers === 1);
  await stream.bell.until(() => stream.readers === 0);
  await stream.bell.until(() => stream.readers === 1);
  stream.push('x');
  t.like(await client, { code: 0, out: "interrupted\nb'x'\n" });
});

fuse('one descriptor does not lock itself: a write passes a read that waits', async (t) => {
  const { root } = tree();
  const { python } = await mounted(t, root);
  const { out, err } = await python(`
import threading
fd = os.open('stream', os.O_RDWR)
got = []
reader = threading.Thread(target=lambda: got.append(os.read(fd, 10)))
reader.start()
os.write(fd, b'answer')
reader.join()
print(got)
`);
  t.is(out, "[b'answer']\n", err);
});

fuse('a shell writes and reads on one descriptor', async (t) => {
  const { stream, root } = tree();
  const { dir, start } = await mounted(t, root);
  const bash = start('bash', '-c', `exec 3<>${dir}/stream; echo question >&3; head -n 1 <&3`);
  t.like(await bash.done, { code: 0, out: 'question\n' });
  await stream.bell.until(() => stream.handles === 0);
});

fuse('a write and a stat pass beside a read that waits on the same file', async (t) => {
  const { stream, root } = tree();
  const { dir, start, sh } = await mounted(t, root);
  const cat = start('cat', `${dir}/stream`);
  await stream.bell.until(() => stream.readers === 1);
  t.is((await sh('stat -c %s stream; echo first > stream')).out, '0\n');
  await cat.says('first\n');
});

fuse('poll and select wake', async (t) => {
  const { stream, root } = tree();
  const { python, log } = await mounted(t, root);
  const client = python(`
import select
fd = os.open('stream', os.O_RDONLY)
p = select.poll(); p.register(fd, select.POLLIN)
print(p.poll(0), flush=True)
print(p.poll(20000) == [(fd, select.POLLIN)], os.read(fd, 10), flush=True)
print(select.select([fd], [], [], 20)[0] == [fd], os.read(fd, 10), flush=True)
e = select.epoll(); e.register(fd, select.EPOLLIN)
print(e.poll(20) == [(fd, select.EPOLLIN)], os.read(fd, 10), flush=True)
`);
  let seen = 0;
  for (const record of ['a', 'b', 'c']) {
    await stream.bell.until(() => stream.polls > seen + (seen === 0 ? 1 : 0));
    seen = stream.polls;
    stream.push(record);
  }
  t.is((await client).out, "[]\nTrue b'a'\nTrue b'b'\nTrue b'c'\n");
  t.deepEqual(log, []);
});

fuse('select in a loop does not pile up wake-ups', async (t) => {
  const { stream, root } = tree();
  const { python } = await mounted(t, root);
  const { out, err } = await python(`
import select
fd = os.open('stream', os.O_RDONLY)
for _ in range(500): select.select([fd], [], [], 0.0001)
print('done')
`);
  t.is(out, 'done\n', err);
  t.true(stream.wakes <= 1);
});

fuse('200 waiting readers hold no threads and do not slow a stat', async (t) => {
  const { stream, root } = tree();
  const { python, dir, start } = await mounted(t, root);
  const time = `
import time
def best():
  times = []
  for _ in range(400):
    a = time.perf_counter(); os.stat('hello'); times.append(time.perf_counter() - a)
  return sorted(times)[len(times) // 2]
print(best())
`;
  const alone = Number((await python(time)).out);
  const readers = start(
    'python3',
    '-c',
    `
import os, threading
threading.stack_size(65536)
def read(): os.read(os.open('${dir}/stream', os.O_RDONLY), 10)
for _ in range(200): threading.Thread(target=read, daemon=True).start()
import sys
sys.stdin.read()
os._exit(0)
`,
  );
  await stream.bell.until(() => stream.readers === 200);
  const threads = (await readdir('/proc/self/task')).length;
  t.true(threads < 32, `${threads} threads`);
  const beside = Number((await python(time)).out);
  t.true(beside < 3 * alone + 200e-6, `${alone} s alone, ${beside} s beside`);
  readers.child.kill('SIGKILL');
  await readers.done;
  await stream.bell.until(() => stream.handles === 0);
  t.is(stream.readers, 0);
});
