import test from 'ava';
import { fuse } from '../support/fuse.ts';
import { built } from '../support/program.ts';
import { runnable, served } from '../support/served.ts';

test.before(built);

fuse('no write, `>` or chmod waits for another that is open or for a reader that is blocked', async (t) => {
  const tree = await served(t);
  const ran = await tree.sh(`
    mkdir agents/bob && cd agents/bob && echo pause > ctl
    exec 3> inbox/new 4> memory/notes/n 5<> ask
    echo half >&3; echo half >&4; echo question >&5
    cat <&5 > /dev/null 3>&- 4>&- & blocked=$!
    cat live/trace > /dev/null 3>&- 4>&- & reading=$!
    for n in 1 2 3; do
      timeout 20 sh -c 'echo other > inbox/new; echo other > memory/notes/n; chmod 600 memory/notes/n; chmod 600 inbox/new; chmod 600 ask ctl' || exit 1
      timeout 20 sh -c 'echo other > ask; : > ask; mkdir memory/notes/d; rmdir memory/notes/d; touch memory/notes/n' || exit 2
      timeout 20 sh -c 'echo resume > ctl; echo pause > ctl; touch memory/notes/x; rm memory/notes/x' || exit 3
    done
    echo rest >&3; echo rest >&4; exec 3>&- 4>&-; cat memory/notes/n
    kill $blocked $reading || true`);
  t.is(ran.code, 0, ran.err);
  t.is(ran.out, 'half\nrest\n');
});

if (runnable('python3')) {
  fuse('many write the same files at once: none is lost, none waits long', async (t) => {
    const tree = await served(t);
    await tree.sh('mkdir agents/bob; echo pause > agents/bob/ctl');
    const ran = await tree.python(`
import threading, time
slow = []
def writer(n):
    for i in range(20):
        begun = time.time()
        with open('agents/bob/inbox/new', 'w') as f: f.write(f'message {n}.{i}')
        with open('agents/bob/memory/notes/n', 'w') as f: f.write(f'note {n}.{i}\\n' * 100)
        os.chmod('agents/bob/memory/notes/n', 0o600)
        with open('agents/bob/memory/notes/log', 'a') as f: f.write(f'{n}.{i}\\n')
        slow.append(time.time() - begun)
threads = [threading.Thread(target=writer, args=(n,)) for n in range(10)]
for t in threads: t.start()
for t in threads: t.join()
note = open('agents/bob/memory/notes/n').read().splitlines()
assert len(note) == 100 and len(set(note)) == 1, 'a note of two writers'
log = open('agents/bob/memory/notes/log').read().splitlines()
assert sorted(log) == sorted(f'{n}.{i}' for n in range(10) for i in range(20)), f'{len(log)} lines of 200'
assert max(slow) < 30, max(slow)
`);
    t.is(ran.code, 0, ran.err);
    t.regex((await tree.sh('cat agents/bob/status')).out, /^queue 200$/m);
  });
} else test.skip('many write the same files at once (no python3)', () => undefined);
