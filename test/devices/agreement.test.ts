import test from 'ava';
import { O_NONBLOCK, O_RDONLY, S_IFMT, isDirectory, isLink } from '../../src/kernel/mode.ts';
import { agent, observer, operator } from '../../src/kernel/subject.ts';
import { drain } from '../conformance/client.ts';
import { tree, type Tree } from '../support/tree.ts';
import type { ExecutionContext } from 'ava';

/** The tree with something in every directory, nothing of which moves by itself. */
const furnished = async (t: ExecutionContext): Promise<Tree> => {
  const made = await tree(t, { mounts: ['/home/me/weft'] });
  const shell = made.attach();
  for (let index = 0; index < 5; index++) {
    await shell.write('/agents/ada/inbox/new', `message ${index}\n`);
    await shell.cat('/agents/ada/wait');
  }
  await shell.write('/agents/ada/ctl', 'pause\n');
  await shell.write('/agents/ada/inbox/waiting', 'hällo\n');
  await shell.mkdir('/agents/ada/memory/notes/deep');
  await shell.write('/agents/ada/memory/notes/deep/note', 'ünd\n');
  await shell.write('/agents/ada/work/file', 'x');
  await t.throwsAsync(shell.write('/agents/ada/ctl', 'bogus\n'));
  await t.throwsAsync(shell.mkdir('/agents/Bob'));
  return made;
};

for (const subject of [operator, agent('ada'), observer]) {
  test(`${subject.tier}: what a listing says of a name is what stat says of it`, async (t) => {
    const { attach } = await furnished(t);
    const shell = attach(subject);
    const seen = new Map<number, string>();
    for await (const { path, entry } of shell.walk()) {
      const attributes = await shell.attributes(path);
      t.is(attributes.qid, entry.qid, path);
      t.is(attributes.mode & S_IFMT, entry.mode & S_IFMT, path);
      t.true(attributes.qid > 0, path);
      t.is(seen.get(attributes.qid), undefined, `${path} has a number of its own`);
      seen.set(attributes.qid, path);
    }
    t.true(seen.size > (subject.tier === 'observer' ? 3 : 20));
  });

  test(`${subject.tier}: the size stat says is how many bytes a read gives`, async (t) => {
    const { attach } = await furnished(t);
    const shell = attach(subject);
    for await (const { path, entry } of shell.walk()) {
      if (isDirectory(entry.mode)) continue;
      const { size } = await shell.attributes(path);
      if (isLink(entry.mode)) t.is(size, (await shell.readlink(path)).length, path);
      else if (/\/(new|ask|search|export|identity\/(sign|verify|encrypt|decrypt))$/.test(path)) t.is(size, 0, path);
      else {
        const file = await shell.open(path, O_RDONLY | O_NONBLOCK);
        t.is(Buffer.byteLength(await drain(file)), size, path);
        await file.close();
      }
    }
  });
}

test('a second look finds the same numbers, versions and times', async (t) => {
  const { attach, clock } = await furnished(t);
  const looked = async (): Promise<Record<string, unknown>> => {
    const shell = attach();
    const found: Record<string, unknown> = {};
    for await (const { path } of shell.walk()) {
      const { qid, version, mtime, mode, uid, gid } = await shell.attributes(path);
      // These tell how long ago something was, and how much there is of the process.
      if (!/^\/(status(\.json)?|metrics|.*\/metrics\/(apm|queue))$/.test(path))
        found[path] = { qid, version, mtime, mode, uid, gid };
    }
    return found;
  };
  const first = await looked();
  clock.advance(1000 * 1000);
  t.deepEqual(await looked(), first);
});

test('everything belongs to the server, and the modes are those of the kinds', async (t) => {
  const { attach } = await furnished(t);
  const shell = attach();
  const kinds = Object.fromEntries(
    (await shell.lines('/help')).map((line) => {
      const [path, kind] = line.split(/ +/);
      return [path!.replace('agents/NAME/', 'agents/ada/').replace(/\/$/, ''), kind!];
    }),
  );
  const modes: Record<string, number> = {
    text: 0o100444,
    value: 0o100644,
    verbs: 0o100644,
    log: 0o100444,
    call: 0o100666,
    new: 0o100666,
    queue: 0o040755,
    dir: 0o040755,
    link: 0o120777,
  };
  for await (const { path } of shell.walk()) {
    const { uid, gid, mode } = await shell.attributes(path);
    const kind = kinds[path.slice(1)];
    t.deepEqual([uid, gid], [process.getuid!(), process.getgid!()], path);
    if (kind !== undefined && kind !== 'host') t.is(mode, modes[kind]!, path);
  }
});
