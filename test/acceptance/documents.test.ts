import test, { type ExecutionContext } from 'ava';
import { fuse } from '../support/fuse.ts';
import { built } from '../support/program.ts';
import { installed, present, runnable, served, type Served } from '../support/served.ts';

test.before(built);

const texts = async ({ sh }: Served): Promise<string[]> => {
  const { out } = await sh('cat agents/bob/wait > /dev/null; cat agents/bob/outbox/log');
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => (JSON.parse(line) as { text: string }).text);
};

/** Each of these writes one message in several steps, with children in the middle. */
const ways: readonly (readonly [string, string])[] = [
  ['a group', `{ printf 'Subject: list\\n\\n'; date; echo end; } > agents/bob/inbox/new`],
  ['a subshell', `( printf 'Subject: list\\n\\n'; date; echo end ) > agents/bob/inbox/new`],
  ['a descriptor', `exec 3> agents/bob/inbox/new; printf 'Subject: list\\n\\n' >&3; date >&3; echo end >&3; exec 3>&-`],
  ['a named file', `{ printf 'Subject: list\\n\\n'; date; echo end; } > agents/bob/inbox/named-$1`],
];

const whole = async (t: ExecutionContext, tree: Served, name: string, write: () => Promise<unknown>): Promise<void> => {
  const before = (await texts(tree)).length;
  await write();
  const after = await texts(tree);
  t.is(after.length - before, 1, name);
  t.regex(after.at(-1)!, /“[^”]*\d\d:\d\d:\d\d[^”]* end”/, name);
};

fuse('what a shell writes in several steps is one whole message', async (t) => {
  const tree = await served(t);
  await tree.sh('mkdir agents/bob');
  for (const shell of ['bash', 'dash', 'zsh', 'busybox']) {
    const program = installed(shell);
    if (!present(t, shell) || program === undefined) continue;
    for (const [name, script] of ways) {
      await whole(t, tree, `${name} in ${shell}`, async () => {
        // A name is a key: the same content under it within ten minutes is the same message.
        const own = `set -- ${shell}\n${script}`;
        const run = shell === 'busybox' ? `busybox sh -c '${own.replaceAll("'", `'\\''`)}'` : own;
        const ran = await tree.sh(run, shell === 'busybox' ? 'sh' : program);
        t.is(ran.code, 0, `${name} in ${shell}: ${ran.err}`);
      });
    }
  }
});

if (runnable('python3')) {
  fuse('and so is what Python writes with a child in the middle', async (t) => {
    const tree = await served(t);
    await tree.sh('mkdir agents/bob');
    await whole(t, tree, 'python', async () => {
      const ran = await tree.python(`
import subprocess
f = open('agents/bob/inbox/new', 'w')
f.write('start\\n'); f.flush()
subprocess.run(['date'], stdout=f)
f.write('end\\n'); f.close()`);
      t.is(ran.code, 0, ran.err);
    });
  });
} else test.skip('and so is what Python writes with a child in the middle (no python3)', () => undefined);

fuse('an answer is read on the descriptor of its question', async (t) => {
  const { sh } = await served(t);
  await sh('mkdir agents/bob');
  for (const shell of ['bash', 'dash'].filter(installed)) {
    const ran = await sh(`exec 3<> agents/bob/ask; echo 'what is new?' >&3; cat <&3; exec 3>&-`, shell);
    t.regex(ran.out, /what is new\?/, shell);
  }
});

fuse('values: replaced, appended to, and the last to close wins, whole', async (t) => {
  const { sh } = await served(t);
  const ran = await sh(`
    cd agents && mkdir bob && cd bob/memory/notes
    echo 'a longer text' > n; echo two > n; cat n
    echo three >> n; cat n
    exec 3> n; exec 4> n; echo first >&3; echo second >&4; exec 4>&-; cat n; exec 3>&-; cat n
    { echo a; exec 5>> n; echo appended >&5; exec 5>&-; echo b; } >> n; cat n`);
  t.is(ran.err, '');
  t.is(ran.out, 'two\ntwo\nthree\nsecond\nfirst\nfirst\nappended\na\nb\n');
});
