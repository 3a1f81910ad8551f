import test from 'ava';
import { fuse } from '../support/fuse.ts';
import { built } from '../support/program.ts';
import { present, served, type Served } from '../support/served.ts';

test.before(built);

/** Each makes the content of memory/notes/n `new\n`; it was `the old one\n`. */
const savers: readonly (readonly [program: string, name: string, script: string])[] = [
  ['sed', 'sed -i', `sed -i s/.*/new/ n`],
  ['vim', 'vim', `vim -u NONE -es -c '1s/.*/new/' -c wq n < /dev/null`],
  [
    'vim',
    'vim with a swap file',
    `vim -u NONE -N -es -c 'set swapfile writebackup' -c '1s/.*/new/' -c wq n < /dev/null`,
  ],
  [
    'vim',
    'vim that breaks links',
    `vim -u NONE -N -es -c 'set backupcopy=no writebackup' -c '1s/.*/new/' -c wq n < /dev/null`,
  ],
  ['nano', 'nano', `printf '\\013new\\n\\030y\\n' | TERM=dumb timeout 5 nano n || [ "$(cat n)" = new ]`],
  [
    'emacs',
    'emacs',
    `emacs -Q --batch n --eval '(progn (erase-buffer) (insert "new\\n") (save-buffer))' 2> /dev/null; rm -f n~`,
  ],
  ['cp', 'cp', `echo new > "$T/n"; cp "$T/n" n`],
  ['cp', 'cp -p', `echo new > "$T/n"; cp -p "$T/n" n`],
  ['mv', 'mv', `echo new > "$T/n"; mv "$T/n" n`],
  ['install', 'install', `echo new > "$T/n"; install -m 644 "$T/n" n`],
  ['rsync', 'rsync -a', `echo new > "$T/n"; rsync -a "$T/n" n`],
  ['rsync', 'rsync --inplace', `echo new > "$T/n"; rsync --inplace "$T/n" n`],
  ['gio', 'gio copy', `echo new > "$T/n"; gio copy "$T/n" n`],
  ['gio', 'gio save', `echo new | gio save n`],
  ['tee', 'tee', `echo new | tee n > /dev/null`],
  ['dd', 'dd', `echo new | dd of=n status=none`],
  ['dd', 'dd with fsync', `echo new | dd of=n conv=fsync status=none`],
];

/** Each copies "$T/m" (`message` and its own name) to inbox/NAME. */
const senders: readonly (readonly [program: string, name: string, script: string])[] = [
  ['cp', 'cp', `cp "$T/m" m-cp`],
  ['cp', 'cp -p', `cp -p "$T/m" m-cp-p`],
  ['mv', 'mv', `cp "$T/m" "$T/m2"; mv "$T/m2" m-mv`],
  ['rsync', 'rsync -a', `rsync -a "$T/m" m-rsync`],
  ['gio', 'gio copy', `gio copy "$T/m" m-gio`],
  ['dd', 'dd', `dd if="$T/m" of=m-dd conv=fsync status=none`],
  ['tar', 'tar', `cp "$T/m" "$T/m-tar"; tar -C "$T" -cf - m-tar | tar -xf -`],
];

const inDirectory = (tree: Served, directory: string, script: string): ReturnType<Served['sh']> =>
  tree.sh(`T=$(mktemp -d); cd ${directory}; ( ${script}\n); code=$?; rm -rf "$T"; exit $code`);

fuse('editors and copy tools replace a value and leave nothing behind', async (t) => {
  const tree = await served(t);
  await tree.sh('mkdir agents/bob');
  const notes = 'agents/bob/memory/notes';
  for (const [program, name, script] of savers) {
    if (!present(t, program)) continue;
    await tree.sh(`echo the old one > ${notes}/n`);
    const ran = await inDirectory(tree, notes, script);
    t.is(ran.code, 0, `${name}: ${ran.err}${ran.out}`);
    t.is((await tree.sh(`cat ${notes}/n`)).out, 'new\n', name);
    t.is((await tree.sh(`ls -A ${notes}`)).out, 'n\n', name);
  }
});

fuse('saving as emacs does: an auto-save, the old one renamed to a backup, the new one written', async (t) => {
  const tree = await served(t, { tcp: true });
  await tree.sh('mkdir agents/bob; echo old > agents/bob/memory/notes/n');
  const ran = await inDirectory(
    tree,
    'agents/bob/memory/notes',
    `echo new > '#n#'; ln -s someone@here.1 .#n; mv n n~; echo new > n; chmod 644 n; rm -f '#n#' .#n; cat n n~; ls`,
  );
  t.is(ran.out, 'new\nold\nn\nn~\n');
  await tree.sh('rm agents/bob/memory/notes/n~');
  t.is((await tree.sh('ls -A agents/bob/memory/notes')).out, 'n\n');
});

fuse('copy tools enqueue exactly one message each, and are content afterwards', async (t) => {
  const tree = await served(t);
  await tree.sh('mkdir agents/bob');
  for (const [program, name, script] of senders) {
    if (!present(t, program)) continue;
    const count = async (): Promise<number> =>
      Number((await tree.sh('cat agents/bob/wait > /dev/null; grep -c . agents/bob/outbox/log')).out);
    const before = await count();
    const ran = await inDirectory(tree, 'agents/bob/inbox', `echo "message by ${name}" > "$T/m"; ${script}`);
    t.is(ran.code, 0, `${name}: ${ran.err}`);
    t.is(await count(), before + 1, name);
    t.is((await tree.sh('ls -A agents/bob/inbox')).out, 'new\n', name);
  }
});
