import test from 'ava';
import { Errno } from '../../../src/kernel/errno.ts';
import { tree } from '../../support/tree.ts';

test('a line a check: ok, warn or fail, what, what to do', async (t) => {
  const { attach } = await tree(t, { mounts: ['/home/me/weft'] });
  const lines = await attach().lines('/doctor');
  for (const line of lines) t.regex(line, /^(ok {2}|warn|fail) [a-z]+: \S/);
  t.deepEqual(
    lines.map((line) => `${line.slice(0, 4).trim()} ${line.slice(5).split(':')[0]!}`),
    ['ok fuse', 'ok mount', 'ok state', 'ok store', 'ok disk', 'ok listeners', 'warn model', 'ok agents'],
  );
});

test('what is wrong is said with what to do about it', async (t) => {
  const { attach, agents } = await tree(t, {
    damage: 'the store lost 40 bytes of its newest writes: checksum mismatch',
    listeners: [{ address: 'tcp:127.0.0.1:5640', insecure: true, tier: 'operator' }],
    environment: {
      fuse: async () => 'no /dev/fuse: load the module fuse',
      free: async () => 10 * 1024 * 1024,
      stateMode: async () => 0o755,
    },
  });
  agents.get('ada')!.fail('it broke');
  const text = await attach().cat('/doctor');
  t.regex(text, /^warn fuse: no \/dev\/fuse: load the module fuse; weft works over 9P all the same$/m);
  t.regex(text, /^warn mount: nothing is mounted/m);
  t.regex(text, /^warn state: .*chmod 700/m);
  t.regex(text, /^fail store: the store lost 40 bytes of its newest writes: checksum mismatch: restore /m);
  t.regex(text, /^warn disk: 10 MiB free: make room/m);
  t.regex(
    text,
    /^warn listeners: INSECURE: tcp:127\.0\.0\.1:5640 makes anybody operator; start without --insecure-tcp$/m,
  );
  t.regex(text, /^fail agents: ada: read its error, then resume it$/m);
});

test('a check that does not answer costs less than a second and hides no other', async (t) => {
  const { attach } = await tree(t, {
    environment: {
      fuse: () => new Promise(() => undefined),
      free: async () => {
        throw new Errno('EIO', 'the disk does not answer');
      },
    },
  });
  const shell = attach();
  const before = performance.now();
  const text = await shell.cat('/doctor');
  t.true(performance.now() - before < 1900);
  t.regex(text, /^warn fuse: no answer about fuse in 900 ms$/m);
  t.regex(text, /^fail disk: the disk does not answer$/m);
  t.regex(text, /^ok {3}state: /m);
});
