import test from 'ava';
import { cat } from '../conformance/client.ts';
import { MemoryDir, MemoryFile, MemoryLink } from '../support/nodes.ts';
import { clientOn } from '../support/shelf.ts';

const hostLink = (target: string): MemoryLink => Object.assign(new MemoryLink(target), { host: true });

const chain = (length: number): Record<string, MemoryLink> =>
  Object.fromEntries(Array.from({ length }, (_, n) => [`l${n}`, new MemoryLink(n === 0 ? 'file' : `l${n - 1}`)]));

test('relative, absolute, with dots, through each other and to directories', async (t) => {
  const client = await clientOn(
    new MemoryDir({
      file: new MemoryFile('text\n'),
      sub: new MemoryDir({ up: new MemoryLink('../file'), here: new MemoryLink('./up'), root: new MemoryLink('/') }),
      absolute: new MemoryLink('/sub//up'),
      directory: new MemoryLink('sub/'),
    }),
  );
  for (const path of ['/sub/up', '/sub/here', '/absolute', '/directory/here', '/sub/root/directory/up']) {
    t.is(await cat(client, path), 'text\n', path);
  }
});

test('40 links and not one more; a loop is ELOOP; one to nowhere ENOENT; through a file ENOTDIR', async (t) => {
  const client = await clientOn(
    new MemoryDir({
      file: new MemoryFile('text\n'),
      ...chain(41),
      loop: new MemoryLink('loop'),
      ping: new MemoryLink('pong'),
      pong: new MemoryLink('ping'),
      nowhere: new MemoryLink('none'),
      through: new MemoryLink('file/x'),
    }),
  );
  t.is(await cat(client, '/l39'), 'text\n');
  await t.throwsAsync(cat(client, '/l40'), { code: 'ELOOP' });
  await t.throwsAsync(cat(client, '/loop'), { code: 'ELOOP' });
  await t.throwsAsync(cat(client, '/ping'), { code: 'ELOOP' });
  await t.throwsAsync(cat(client, '/nowhere'), { code: 'ENOENT' });
  await t.throwsAsync(cat(client, '/through'), { code: 'ENOTDIR' });
});

test('a link of the host never leads out of its directory', async (t) => {
  const inside = Object.assign(new MemoryFile('inside\n'), { host: true });
  const work = Object.assign(
    new MemoryDir({
      inside,
      in: hostLink('inside'),
      out: hostLink('../secret'),
      absolute: hostLink('/secret'),
      round: hostLink('../work/inside'),
    }),
    { host: true },
  );
  const client = await clientOn(new MemoryDir({ secret: new MemoryFile('secret\n'), work }));
  t.is(await cat(client, '/work/in'), 'inside\n');
  for (const name of ['out', 'absolute', 'round']) {
    await t.throwsAsync(cat(client, `/work/${name}`), { code: 'ELOOP' }, name);
    t.is((await client.readlink(`/work/${name}`)).length, (await client.stat(`/work/${name}`)).size);
  }
});
