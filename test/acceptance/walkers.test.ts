import { setTimeout as after } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { fuse } from '../support/fuse.ts';
import { built } from '../support/program.ts';
import { installed, present, served, type Served } from '../support/served.ts';

test.before(built);

/** `$T` is a directory that is there for the walk only. */
const walkers: readonly (readonly [program: string, script: string])[] = [
  ['grep', 'grep -r xyzzyq .; [ $? = 1 ]'],
  ['grep', 'grep -R xyzzyq . 2> /dev/null & pid=$!; sleep 0.5; kill $pid; wait $pid; true'],
  ['find', 'find . -type f -exec cat {} + > /dev/null'],
  ['find', 'find . -ls > /dev/null'],
  ['cp', 'cp -r . "$T/copy"'],
  ['cp', 'cp -a . "$T/copy-a"'],
  ['tar', 'tar cf "$T/x.tar" .'],
  ['rsync', 'rsync -a ./ "$T/rsync"'],
  ['du', 'du -s .'],
  ['du', 'du -a --apparent-size .'],
  ['ls', 'ls -lR .'],
  ['wc', 'find . -type f -print0 | xargs -0 wc -c'],
  ['md5sum', 'find . -type f -print0 | xargs -0 md5sum'],
  ['file', 'find . -type f -print0 | xargs -0 file'],
  ['zip', 'zip -qry "$T/x.zip" .'],
  ['rg', 'rg --hidden --no-ignore xyzzyq .; [ $? = 1 ]'],
];

/** Seconds. */
const PATIENCE = 60;

const walk = async (t: ExecutionContext, tree: Served, strict: boolean): Promise<void> => {
  for (const [program, script] of walkers) {
    if (!present(t, program)) continue;
    const begun = Date.now();
    const late = after(PATIENCE * 1000, undefined, { ref: false });
    const ran = await Promise.race([
      tree.sh(`T=$(mktemp -d); ( ${script}\n) > "$T/out"; code=$?; rm -rf "$T"; exit $code`),
      late,
    ]);
    if (ran === undefined) {
      t.fail(`${script} did not end`);
      return;
    }
    // What changes while it is read is told by most of them, and is no failure of the tree.
    if (strict) t.is(ran.code, 0, `${script}: ${ran.err.slice(0, 500)}`);
    t.true(Date.now() - begun < PATIENCE * 1000, script);
  }
};

/** Every status of every agent, but for the times. */
const statuses = async ({ sh }: Served): Promise<string> => {
  const { out } = await sh('head -n 100 agents/*/status | grep -v -E "^(since|last_tick) "');
  return out;
};

const furnish = `
  mkdir agents/bob agents/eve
  for n in 1 2 3; do echo "message $n" > agents/bob/inbox/new; echo "note $n" > agents/bob/memory/notes/n$n; done
  mkdir agents/bob/work/sub; echo text > agents/bob/work/sub/file; ln -s sub/file agents/bob/work/link
  cat agents/bob/wait > /dev/null`;

fuse('walkers end by themselves on an idle tree, and change nothing', async (t) => {
  const tree = await served(t);
  await tree.sh(furnish);
  const before = await statuses(tree);
  t.regex(before, /state idle/);
  await walk(t, tree, true);
  t.is(await statuses(tree), before);
});

fuse('and on a paused one with messages that wait', async (t) => {
  const tree = await served(t);
  await tree.sh(`${furnish}
    echo pause > agents/bob/ctl; for n in 1 2 3; do echo "waits $n" > agents/bob/inbox/new; done`);
  const before = await statuses(tree);
  t.regex(before, /state paused[^]*queue 3/);
  await walk(t, tree, true);
  t.is(await statuses(tree), before);
});

fuse('and on a busy one', async (t) => {
  const tree = await served(t);
  await tree.sh(furnish);
  const writer = tree.start(
    'sh',
    '-c',
    `cd ${tree.mount}/agents/bob; echo begun; for n in $(seq 100000); do echo "busy $n" > inbox/new; echo "busy $n" > memory/notes/n1; done`,
  );
  await writer.says('begun');
  await walk(t, tree, false);
  t.is(writer.child.exitCode, null, writer.err);
});

const managers = ['pcmanfm', 'thunar', 'nautilus'].filter(installed);
if (managers.length > 0 && installed('xvfb-run')) {
  fuse('a file manager shows the tree and changes nothing', async (t) => {
    const tree = await served(t);
    await tree.sh(furnish);
    const before = await statuses(tree);
    for (const manager of managers) {
      // It stays open until it is told to go: what is checked is that it can be told, and what it left.
      const ran = await tree.sh(`timeout -k 2 5 xvfb-run -a ${manager} ${tree.mount}/agents/bob; [ $? != 137 ]`);
      t.is(ran.code, 0, `${manager}: ${ran.err}`);
    }
    t.is(await statuses(tree), before);
  });
} else test.skip('a file manager shows the tree (needs xvfb-run and pcmanfm or thunar)', () => undefined);
