import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { host } from '../../src/files/host.ts';
import { fuse, mounted, type MountedTree } from '../support/fuse.ts';
import { temporary } from '../support/temporary.ts';

/** What people do in a directory, done by their programs in a mounted one. */

const run = promisify(execFile);

interface Work extends MountedTree {
  /** The same directory on the disk. */
  readonly path: string;
}

const work = async (t: ExecutionContext): Promise<Work> => {
  const path = temporary(t);
  const root = host(path);
  // Torn down in the other order: the mount goes first.
  t.teardown(() => root.close());
  return { ...(await mounted(t, root)), path };
};

/** The output of a script that must succeed. A machine without a program it needs passes, and says so. */
const script = async (t: ExecutionContext, { sh, log }: Work, needs: string[], text: string): Promise<string> => {
  for (const program of needs) {
    const missing = await run('/bin/sh', ['-c', 'command -v "$0"', program]).then(
      () => false,
      () => true,
    );
    if (missing) {
      t.log(`no ${program} on this machine`);
      return '';
    }
  }
  const { code, out, err } = await sh(`set -e\nHOME=$PWD; export HOME\n${text}`);
  t.is(code, 0, `${err}\n${out}`);
  t.deepEqual(log, []);
  return out;
};

const identity =
  'git config --global user.name t; git config --global user.email t@t; git config --global init.defaultBranch main';

fuse('git: init, commit, clone, branch, merge, gc', async (t) => {
  const tree = await work(t);
  await script(
    t,
    tree,
    ['git'],
    `${identity}
    git init -q origin; cd origin
    mkdir a; for i in $(seq 60); do echo "line $i" > a/f$i; done
    git add .; git commit -qm one
    git checkout -qb side; echo side >> a/f1; git commit -qam two
    git checkout -q main; echo main >> a/f2; git commit -qam three; git merge -q side -m merged
    cd ..; git clone -q origin copy; cd copy
    test "$(git log --oneline | wc -l)" = 4
    git status --porcelain > ../status; test ! -s ../status
    git mv a/f3 a/g3; git commit -qam moved; git push -q origin HEAD:refs/heads/pushed
    git gc -q; git fsck --strict
    git -C ../origin log -1 --format=%s pushed | grep -qx moved`,
  );
  if (fs.existsSync(join(tree.path, 'copy'))) {
    const { stdout } = await run('git', ['-C', join(tree.path, 'copy'), 'status', '--porcelain']);
    t.is(stdout, '', 'the same to who looks beside the mount');
  }
});

fuse('npm installs a package and runs its program', async (t) => {
  const out = await script(
    t,
    await work(t),
    ['npm'],
    `mkdir tool app
    echo '{"name":"tool","version":"1.0.0","bin":{"tool":"tool.js"}}' > tool/package.json
    printf '#!/usr/bin/env node\\nconsole.log("ran", require("./package.json").name)\\n' > tool/tool.js
    chmod +x tool/tool.js
    (cd tool && npm pack --silent > ../name)
    cd app; echo '{"name":"app","version":"1.0.0"}' > package.json
    npm install --silent --offline --no-audit --no-fund ../tool/$(cat ../name)
    test -L node_modules/.bin/tool
    npx --offline tool`,
  );
  t.regex(out, /^(ran tool\n)?$/);
});

fuse('a program is compiled, linked and run', async (t) => {
  const out = await script(
    t,
    await work(t),
    ['gcc', 'make', 'ar'],
    `printf 'int twice(int n) { return 2 * n; }\\n' > twice.c
    printf '#include <stdio.h>\\nint twice(int);\\nint main(void) { printf("%%d\\\\n", twice(21)); }\\n' > main.c
    printf 'answer: main.o lib.a\\n\\tgcc -o $@ main.o lib.a\\nlib.a: twice.o\\n\\tar rcs $@ $^\\n' > Makefile
    make -s; ./answer; make -q
    cp answer busy; ./busy > /dev/null`,
  );
  t.true(['42\n', ''].includes(out));
});

fuse('rsync, tar and cp keep everything', async (t) => {
  const tree = await work(t);
  await script(
    t,
    tree,
    ['rsync', 'tar', 'setfattr'],
    `mkdir -p from/sub/deep; cd from
    echo one > one; ln one sub/two; ln -s ../one sub/link; ln -s nowhere dangling; mkfifo pipe
    truncate -s 10M hole; echo end >> hole; chmod 4711 one; chmod 2775 sub; touch -d '1999-12-31 23:59:59.123456789Z' sub/deep one
    setfattr -n user.mark -v yes one
    cd ..
    rsync -aHSX from/ by-rsync; test -z "$(rsync -naiHSX --delete from/ by-rsync)"
    mkdir by-tar; tar -C from --xattrs -Scf - . | tar -C by-tar --xattrs -xpf -
    cp -a from by-cp
    for copy in by-rsync by-tar by-cp; do
      (cd from; find . -printf '%p %y %m %s %n %T@ %l\\n' | sort) > want
      (cd $copy; find . -printf '%p %y %m %s %n %T@ %l\\n' | sort) > have
      # The size of a directory is the file system's affair. rsync leaves a time be where only the fraction differs.
      sed -i -e 's/^\\([^ ]* d [0-9]*\\) [0-9]*/\\1/' -e '/\\.1234567890/!s/ \\([0-9]*\\)\\.[0-9]*/ \\1/' want have
      diff want have
      test "$(stat -c %b $copy/hole)" -lt 100
    done`,
  );
});

fuse('sqlite: journals, WAL and memory maps, two programs at once', async (t) => {
  const out = await script(
    t,
    await work(t),
    ['sqlite3'],
    `sqlite3 a.db 'pragma journal_mode=delete; create table t(n integer); insert into t select value from generate_series(1,1000);' > /dev/null
    sqlite3 a.db 'pragma mmap_size=1000000; pragma journal_mode=wal; update t set n = n + 1; select sum(n) from t;' | tail -1
    (for i in 1 2 3 4 5 6 7 8 9 10; do sqlite3 a.db '.timeout 20000' 'insert into t values(0)'; done) &
    for i in 1 2 3 4 5 6 7 8 9 10; do sqlite3 a.db '.timeout 20000' 'insert into t values(0)'; done; wait
    sqlite3 a.db 'select count(*) from t; pragma integrity_check'`,
  );
  t.true(['501500\n1020\nok\n', ''].includes(out), out);
});

fuse('memory maps: shared ones reach the file, and the host sees them', async (t) => {
  const tree = await work(t);
  const { code, out, err } = await tree.python(`
import mmap, os
fd = os.open('m', os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, 3 * 4096 + 5)
m = mmap.mmap(fd, 0)
m[0:5] = b'first'; m[4096 * 3:] = b'l-a-s'[:5]
m.flush()
print(os.pread(fd, 5, 0), os.pread(fd, 100, 4096 * 3))
os.unlink('m')
m[0:5] = b'after'
m.flush()
print(os.pread(fd, 5, 0), os.fstat(fd).st_nlink)
`);
  t.is(code, 0, err);
  t.is(out, "b'first' b'l-a-s'\nb'after' 0\n");
  t.deepEqual(fs.readdirSync(tree.path), []);
});

fuse('reads, writes, maps, appends, copies and truncations at random leave what they should', async (t) => {
  const tree = await work(t);
  const { code, out, err } = await tree.python(`
import mmap, os, random
r = random.Random(${process.env['WEFT_SEED'] ?? 20})
fd = os.open('x', os.O_RDWR | os.O_CREAT)
end = os.open('x', os.O_WRONLY | os.O_APPEND)
want = bytearray()
def put(at, data):
    want.extend(bytes(max(0, at + len(data) - len(want))))
    want[at:at + len(data)] = data
for n in range(1500):
    at, size = r.randrange(200000), r.choice([1, 100, 4096, 65536, 150000])
    kind = r.randrange(8)
    data = bytes([n % 256]) * size
    if kind == 0:
        put(at, data); assert os.pwrite(fd, data, at) == size
    elif kind == 1:
        put(len(want), data[:5000]); assert os.write(end, data[:5000]) == len(data[:5000])
    elif kind == 2:
        if at < len(want): del want[at:]
        else: want.extend(bytes(at - len(want)))
        os.ftruncate(fd, at)
    elif kind == 3 and want:
        m = mmap.mmap(fd, len(want)); k = r.randrange(len(want))
        m[k:k + 10] = data[:1] * len(m[k:k + 10]); want[k:k + 10] = data[:1] * len(want[k:k + 10])
        if r.random() < .5: m.flush()
        m.close()
    elif kind == 4 and len(want) > 1000:
        to = len(want) + r.randrange(100); length = r.randrange(1, 1000)
        done = os.copy_file_range(fd, fd, length, 0, to)
        put(to, bytes(want[0:done]))
    elif kind == 5:
        os.posix_fallocate(fd, at, size); want.extend(bytes(max(0, at + size - len(want))))
    elif kind == 6:
        os.fsync(fd)
    assert os.fstat(fd).st_size == len(want), (n, kind)
    assert os.pread(fd, size, at) == want[at:at + size], (n, kind)
    if len(want) > 2000000:
        del want[1000:]; os.truncate('x', 1000)
os.close(fd); os.close(end)
assert open('x', 'rb').read() == want
print('same', len(want) > 0)
`);
  t.is(code, 0, err);
  t.is(out, 'same True\n');
  t.deepEqual(tree.log, []);
});

fuse('what the host changes is seen at once, and what is open stays', async (t) => {
  const tree = await work(t);
  fs.writeFileSync(join(tree.path, 'a'), 'one\n');
  const first = await tree.sh('cat a; exec 3< a; echo ready > b; read line < wait.fifo 2>/dev/null || true; cat <&3');
  t.is(first.out, 'one\none\n');
  fs.writeFileSync(join(tree.path, 'a'), 'two, longer\n');
  t.is((await tree.sh('cat a; stat -c %s a')).out, 'two, longer\n12\n');
  fs.renameSync(join(tree.path, 'a'), join(tree.path, 'c'));
  fs.mkdirSync(join(tree.path, 'a'));
  t.is((await tree.sh('ls -F; cat c')).out, 'a/\nb\nc\ntwo, longer\n');
  fs.rmSync(join(tree.path, 'c'));
  fs.symlinkSync('b', join(tree.path, 'c'));
  t.is((await tree.sh('cat c; readlink c')).out, 'ready\nb\n');
});

fuse('names that are no UTF-8 go both ways', async (t) => {
  const tree = await work(t);
  await script(
    t,
    tree,
    ['printf'],
    `name=$(printf 'odd\\377\\303'); echo inside > "$name"; cat "$name"; mv "$name" "$name$name"; ln -s "$name" link
    test "$(readlink link)" = "$name"; rm link; test "$(ls | od -An -c | tr -d ' \\n')" = 'odd377303odd377303\\n'`,
  );
  t.is(fs.readdirSync(tree.path, { encoding: 'buffer' })[0]?.toString('hex'), '6f6464ffc36f6464ffc3');
});

fuse('everything is given back', async (t) => {
  const tree = await work(t);
  await script(
    t,
    tree,
    [],
    `mkdir d; for i in $(seq 300); do echo $i > d/f$i; done; cat d/* > all; ls -lR > listing
    mv d e; cp -r e f; rm -r e f all listing; sync -f .`,
  );
  t.is(tree.mounted.known.open, 0);
  t.deepEqual(fs.readdirSync(tree.path), []);
});
