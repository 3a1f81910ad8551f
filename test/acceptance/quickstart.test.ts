import test from 'ava';
import { fuse } from '../support/fuse.ts';
import { built } from '../support/program.ts';
import { served } from '../support/served.ts';

test.before(built);

fuse('the quick start: an agent is a directory, a message a write, its answer a read', async (t) => {
  const { sh } = await served(t);
  const ran = await sh(`
    set -e
    mkdir agents/bob
    echo 'hello there' > agents/bob/inbox/new
    cat agents/bob/wait
    cat agents/bob/outbox/last
    echo tick > agents/bob/ctl
    cat agents/bob/wait agents/bob/status`);
  t.is(ran.code, 0, ran.err);
  t.regex(ran.out, /^idle\n.*hello there.*\n(.*\n)*idle\nstate idle\n/);
  t.regex(ran.out, /^tick 2$/m);

  const bogus = await sh('echo bogus | tee agents/bob/ctl');
  t.not(bogus.code, 0);
  t.regex(bogus.err, /Invalid argument/);
  t.regex((await sh('tail -n 1 agents/bob/error')).out, /^\S+ ctl EINVAL bogus: /);
  t.is((await sh('rmdir agents/bob && ls agents')).out, '');
});

fuse('plain cat and tail -f show each record as it happens', async (t) => {
  const { sh, start, mount } = await served(t);
  await sh('mkdir agents/bob');
  const watching = start('cat', `${mount}/agents/bob/live/trace`);
  const following = start('tail', '-n', '0', '-s', '0.1', '-f', `${mount}/agents/bob/logs/trace`);
  // Whether a cat has opened is not to be seen from outside; a tick that came before it is followed by the next.
  for (const seen of [() => watching.out, () => following.out]) {
    for (let count = 0; count < 100 && seen() === ''; count++)
      await sh('echo tick > agents/bob/ctl; cat agents/bob/wait');
    t.regex(seen(), /^\{"time":.*"tick":\d+,.*\}\n/);
  }
  watching.child.kill('SIGINT');
  following.child.kill('SIGINT');
  t.is((await watching.done).signal, 'SIGINT');
  t.is((await following.done).signal, 'SIGINT');
});
