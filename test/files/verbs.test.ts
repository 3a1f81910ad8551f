import test from 'ava';
import { Verbs } from '../../src/files/verbs.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { cat, drain, put } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { world as newWorld } from '../support/world.ts';

const made = async () => {
  const world = newWorld();
  const ran: string[] = [];
  const refused: string[] = [];
  let release: () => void = () => undefined;
  const node = new Verbs(world, [
    {
      name: 'new',
      args: 'NAME [MODEL]',
      says: 'makes an agent',
      run: ([name, model]) => {
        ran.push(`new ${name} ${model ?? '-'}`);
        return `made ${name}`;
      },
    },
    {
      name: 'tick',
      args: '[REASON...]',
      says: 'a tick now',
      run: (words) => {
        ran.push(`tick ${words.join(' ')}`);
        return undefined;
      },
    },
    {
      name: 'remove',
      args: 'NAME',
      says: 'removes an agent',
      run: async ([name]) => {
        throw new Errno('EBUSY', `${name} works`);
      },
    },
    {
      name: 'slow',
      args: '',
      says: 'waits for a commit',
      run: async () => {
        await new Promise<void>((resolve) => (release = resolve));
        ran.push('slow');
        return undefined;
      },
    },
  ]);
  const root = shelf(world, { ctl: ['verbs', node] }, ({ error }) => refused.push(error.message));
  return { client: await clientOn(root), ran, refused, release: () => release() };
};

test('a read shows the verbs with their arguments and then the last outcome; stat has its size', async (t) => {
  const { client } = await made();
  const usage = await cat(client, '/ctl');
  t.regex(usage, /^new NAME \[MODEL\] +makes an agent\ntick \[REASON\.\.\.\] +a tick now\n/);
  await put(client, '/ctl', 'new ada\n');
  t.is(await cat(client, '/ctl'), `${usage}ok: made ada\n`);
  const { size, mode } = await client.stat('/ctl');
  t.deepEqual([size, mode], [(await cat(client, '/ctl')).length, 0o100644]);
});

test('one write holds whole lines, run in order; the last newline may be missing; empty lines are nothing', async (t) => {
  const { client, ran } = await made();
  await put(client, '/ctl', 'new ada  haiku\n\n  \ntick it is  time\ntick');
  t.deepEqual(ran, ['new ada haiku', 'tick it is time', 'tick ']);
});

test('a command never spans writes', async (t) => {
  const { client, ran } = await made();
  const file = await client.open('/ctl', O_WRONLY);
  await t.throwsAsync(file.write('ne'), { code: 'EINVAL' });
  await t.throwsAsync(file.write('w ada\n'), { code: 'EINVAL' });
  await file.close();
  t.deepEqual(ran, []);
});

test('the first failure ends the write, and `error` quotes the line', async (t) => {
  const { client, ran, refused } = await made();
  const error = await t.throwsAsync(put(client, '/ctl', 'tick a\nremove bob\ntick b\n'), { code: 'EBUSY' });
  t.regex(error.message, /remove bob/);
  t.deepEqual(ran, ['tick a']);
  t.is(refused.length, 1);
  t.regex(refused[0]!, /^remove bob: bob works/);
  t.regex(await cat(client, '/ctl'), /\nfailed: remove bob: bob works \(EBUSY\)\n$/);
});

test('unknown verbs, and too few or too many arguments, are EINVAL', async (t) => {
  const { client, ran } = await made();
  for (const line of ['nonsense', 'new', 'new a b c', 'slow x', 'NEW ada']) {
    await t.throwsAsync(put(client, '/ctl', line), { code: 'EINVAL' }, line);
  }
  t.deepEqual(ran, []);
});

test('an outcome shows what was written without steering a terminal', async (t) => {
  const { client } = await made();
  await t.throwsAsync(put(client, '/ctl', 'x\x1b[2J\r\u202e\n'), { code: 'EINVAL' });
  t.regex(await cat(client, '/ctl'), /\nfailed: x\\x1b\[2J\\x0d\\u\{202e\}: no such command[^\p{Cc}]*\n$/u);
  await put(client, '/ctl', 'tick \x07');
  t.true((await cat(client, '/ctl')).endsWith('\nok: tick \\x07\n'));
});

test('bytes that are no UTF-8 are EINVAL', async (t) => {
  const { client } = await made();
  const file = await client.open('/ctl', O_WRONLY);
  await t.throwsAsync(file.write(Buffer.from([0xff, 0x0a])), { code: 'EINVAL' });
  await file.close();
});

test('64 KiB in one write, and not a byte more', async (t) => {
  const { client, ran } = await made();
  const line = 'tick x\n';
  const most = line.repeat(Math.floor(65536 / line.length)).padEnd(65536, '\n');
  await put(client, '/ctl', most);
  t.is(ran.length, Math.floor(65536 / line.length));
  await t.throwsAsync(put(client, '/ctl', `${most}\n`), { code: 'EFBIG' });
});

test('it acts inside the write: no close is needed, and an open that truncates does nothing', async (t) => {
  const { client, ran } = await made();
  const file = await client.open('/ctl', O_WRONLY | O_TRUNC);
  await file.fsync();
  t.deepEqual(ran, []);
  await file.write('tick\n');
  t.deepEqual(ran, ['tick ']);
  await client.truncate('/ctl', 0);
  await file.close();
  t.deepEqual(ran, ['tick ']);
});

test("a handle that has written reads the outcome of its own last command, at bash's one offset", async (t) => {
  const { client } = await made();
  const file = await client.open('/ctl', O_RDWR);
  await file.write('new ada\n');
  await put(client, '/ctl', 'new bob\n');
  t.is(await drain(file), 'ok: made ada\n');
  await t.throwsAsync(file.write('nonsense\n'), { code: 'EINVAL' });
  t.regex(await drain(file), /^failed: nonsense: /);
  await file.write('tick now\ntick then\n');
  t.is((await file.read(3)).toString(), 'ok:');
  t.is(await drain(file), ' tick then\n');
  await file.close();
});

test('a read-only handle sees what was there when it was opened', async (t) => {
  const { client } = await made();
  const file = await client.open('/ctl', O_RDONLY);
  await put(client, '/ctl', 'new ada\n');
  t.false((await drain(file)).includes('made ada'));
  await file.close();
});

test('a command that waits for a commit holds the rest of its write back', async (t) => {
  const { client, ran, release } = await made();
  const writing = put(client, '/ctl', 'slow\ntick after\n');
  await put(client, '/ctl', 'tick other\n');
  release();
  await writing;
  t.deepEqual(ran, ['tick other', 'slow', 'tick after']);
});
