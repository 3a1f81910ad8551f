import test from 'ava';
import { dialectPlain, dialectUnix } from '../../src/9p/codec.ts';
import { majorOf, makedev, minorOf } from '../../src/9p/device.ts';
import { decodeStats, statRecord, statRecordU } from '../../src/9p/stat.ts';
import { Peer } from './peer.ts';
import { serve } from './tree.ts';

const readData = async (peer: Peer, line: string): Promise<Buffer> => {
  peer.lines(line);
  const frame = await peer.frame();
  const message = dialectPlain.decode(frame!);
  if (message.type !== 'Rread') throw new Error(dialectPlain.show(0, message));
  return Buffer.from(message.data);
};

test('9P2000: a directory is read as whole stat records, from the start or from where it was left', async (t) => {
  const served = await serve();
  const peer = await Peer.attached(served.path, '9P2000');
  await peer.ask('Twalk 1 fid=0 newfid=1 wname=["many"]');
  await peer.ask('Topen 1 fid=1 mode=0o0');
  const names: string[] = [];
  let offset = 0;
  for (;;) {
    const bytes = await readData(peer, `Tread 1 fid=1 offset=${offset} count=500`);
    if (bytes.length === 0) break;
    t.true(bytes.length <= 500);
    names.push(...decodeStats(statRecord, bytes).map(({ name }) => name));
    t.is(await peer.ask(`Tread 1 fid=1 offset=${offset + 1} count=500`), 'Rerror 1 ename="Invalid argument"');
    offset += bytes.length;
  }
  t.deepEqual(
    names,
    Array.from({ length: 300 }, (_, i) => `entry-${i}`),
  );
  const again = await readData(peer, 'Tread 1 fid=1 offset=0 count=500');
  t.is(decodeStats(statRecord, again)[0]?.name, 'entry-0');
  t.is(await peer.ask('Tread 1 fid=1 offset=0 count=20'), 'Rerror 1 ename="Invalid argument"');
  t.is(served.sessions[0]?.size, 2, 'no fid is left over');

  await peer.ask('Twalk 1 fid=0 newfid=2 wname=[]');
  await peer.ask('Topen 1 fid=2 mode=0o0');
  const root = decodeStats(statRecord, await readData(peer, 'Tread 1 fid=2 offset=0 count=8000'));
  t.false(
    root.some(({ name }) => name === 'link' || name === 'away'),
    'links stand in no listing',
  );
  t.true(root.some(({ name, mode }) => name === 'dir' && mode >= 0x80000000));
  await peer.close();
  await served.close();
  t.deepEqual(served.failures, []);
});

test('9P2000.u: links stand in the listing with their target', async (t) => {
  const served = await serve();
  const peer = await Peer.attached(served.path, '9P2000.u');
  await peer.ask('Topen 1 fid=0 mode=0o0');
  peer.lines('Tread 1 fid=0 offset=0 count=8000');
  const message = dialectUnix.decode((await peer.frame())!);
  if (message.type !== 'Rread') throw new Error(dialectUnix.show(0, message));
  const link = decodeStats(statRecordU, Buffer.from(message.data)).find(({ name }) => name === 'link');
  t.like(link, { extension: 'dir/inner', mode: 0o200000777, n_uid: process.getuid?.() ?? 0 });
  await peer.close();
  await served.close();
});

test('ORCLOSE: a lost connection removes the file too', async (t) => {
  const served = await serve();
  const peer = await Peer.attached(served.path, '9P2000');
  await peer.ask('Twalk 1 fid=0 newfid=1 wname=["dir"]');
  t.regex((await peer.ask('Tcreate 1 fid=1 name="passing" perm=0o644 mode=0o101'))!, /^Rcreate/);
  await peer.close();
  await served.close();
  const dir = served.root.lookup('dir') as typeof served.root;
  t.is(dir.lookup('passing'), undefined);
});

test('device numbers are those of stat(2)', (t) => {
  for (const [major, minor, number] of [
    [8, 1, 0x801],
    [1, 3, 0x103],
    [0xfff, 0xff, 0xfffff],
    [259, 0x12345, 0x12310345],
  ] as const) {
    t.is(makedev(major, minor), number);
    t.is(majorOf(number), major);
    t.is(minorOf(number), minor);
  }
});
