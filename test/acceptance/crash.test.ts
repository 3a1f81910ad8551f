import test, { type ExecutionContext } from 'ava';
import { readFileSync } from 'node:fs';
import { fuse } from '../support/fuse.ts';
import { begin, built } from '../support/program.ts';
import { place, runnable, served, type Served } from '../support/served.ts';

test.before(built);

const mounted = (directory: string): boolean =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[1] === directory);

const kill = async (tree: Served): Promise<void> => {
  tree.program.child.kill('SIGKILL');
  await tree.program.ended;
};

if (runnable('python3')) {
  fuse('kill -9: the next start clears the mount and has what was acknowledged and what was staged', async (t) => {
    const base = place(t);
    const first = await served(t, { base });
    await first.sh('mkdir agents/bob; echo pause > agents/bob/ctl');
    const writer = first.start(
      'python3',
      '-c',
      `
import os, sys
os.chdir('${first.mount}/agents/bob')
for n in range(20):
    with open('inbox/new', 'w') as f: f.write(f'closed {n}')
with open('memory/notes/closed', 'w') as f: f.write('closed')
# Flushed by the close of a copy, and not closed: staged.
kept = []
for path, text in (('inbox/new', b'staged message'), ('memory/notes/staged', b'staged note')):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT); os.write(fd, text[:3]); os.write(fd, text[3:]); os.close(os.dup(fd)); kept.append(fd)
fd = os.open('memory/notes/synced', os.O_WRONLY | os.O_CREAT); os.write(fd, b'synced note'); os.fsync(fd); kept.append(fd)
# Written only: nobody was told that it is kept.
fd = os.open('memory/notes/written', os.O_WRONLY | os.O_CREAT); os.write(fd, b'written'); kept.append(fd)
print('ready', flush=True); sys.stdin.readline()
`,
    );
    await writer.says('ready');
    await kill(first);
    t.true(mounted(first.mount), 'the mount of a killed server is there until somebody clears it');
    writer.child.stdin!.end('\n');
    await writer.done;

    const second = await served(t, { base });
    const ran = await second.sh(
      'cd agents/bob; cat memory/notes/closed memory/notes/staged memory/notes/synced; ls memory/notes; grep "^queue" status; echo resume > ctl; cat wait',
    );
    t.is(ran.err, '');
    t.is(ran.out, 'closedstaged notesynced noteclosed\nstaged\nsynced\nqueue 21\nidle\n');
    const texts = (await second.sh('cat agents/bob/outbox/log')).out;
    for (const text of [...Array.from({ length: 20 }, (_, n) => `closed ${n}`), 'staged message']) {
      t.is(texts.split(`“${text}”`).length, 2, text);
    }
  });
} else test.skip('kill -9 (no python3)', () => undefined);

fuse('a second server on the same state, or on the same mount, is refused, and the first goes on', async (t) => {
  const base = place(t);
  const tree = await served(t, { base });
  const other = begin(t, ['up', '--state', tree.state, '--mount', `${base}/other`]);
  t.like(await other.ended, { code: 1, stdout: '' });
  t.regex((await other.ended).stderr, new RegExp(`pid ${tree.pid}\\b.*\\(EBUSY\\)\n$`));
  const taken = begin(t, ['up', '--state', `${base}/state2`, '--mount', tree.mount]);
  t.like(await taken.ended, { code: 1, stdout: '' });
  t.regex((await taken.ended).stderr, /a running weft is mounted there.*\(EBUSY\)\n$/);
  t.is((await tree.sh('cat status > /dev/null && echo there')).out, 'there\n');
});

const ends = (signal: NodeJS.Signals): void =>
  fuse(
    `${signal} with readers that wait and a file that is open: ended in order, unmounted`,
    async (t: ExecutionContext) => {
      const tree = await served(t);
      await tree.sh('mkdir agents/bob; echo pause > agents/bob/ctl');
      const script = `cd ${tree.mount}/agents/bob; exec 3> memory/notes/n; echo text >&3; echo ready; exec cat live/trace`;
      const reader = tree.start('bash', '-c', script);
      await reader.says('ready');
      const begun = Date.now();
      tree.program.child.kill(signal);
      const { code, stderr } = await tree.program.ended;
      t.is(code, 0, stderr);
      t.is(stderr, '');
      t.true(Date.now() - begun < 5000, `${Date.now() - begun} ms`);
      t.false(mounted(tree.mount));
      t.is((await reader.done).signal, null);
    },
  );
for (const signal of ['SIGTERM', 'SIGINT'] as const) ends(signal);
