import type { ExecutionContext } from 'ava';
import { O_APPEND, O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { cat, drain, names, put, type Client, type Listed } from './client.ts';
import type { Demo } from './tree.ts';

/**
 * What may differ between the ways in, each because of what lies between the program and the session. Whatever is not
 * here must be the same.
 */
export interface Differences {
  /**
   * close(2) tells what is known at a flush. Where nothing was written a flush stages nothing, and the answer of FUSE's
   * RELEASE reaches nobody (fuse_release in fs/fuse/file.c): the refusal of an empty document is in `error` only.
   */
  readonly closeTellsAll?: boolean;
  /** A read under way can be given up by the client. Node cannot interrupt a read(2) of its thread pool. */
  readonly interrupts?: boolean;
  /** readdir(3) shows inode numbers; node:fs does not. */
  readonly listsNumbers?: boolean;
  /**
   * A path that goes on past a file is ENOTDIR. A Rwalk that stops short carries no reason (walk(5)), so that a client
   * which asks for several names at once can only say that there is no such name: ENOENT.
   */
  readonly walksByStep?: boolean;
}

export interface Attached {
  readonly client: Client;
  readonly demo: Demo;
}

type Title = (title: string, run: (t: ExecutionContext) => Promise<void>) => void;

/** The contract of control files, for one way in. `attach` gives a client on a tree of its own, gone with the test. */
export const conformance = (
  test: Title,
  attach: (t: ExecutionContext) => Promise<Attached>,
  differences: Differences,
): void => {
  const on = (title: string, run: (t: ExecutionContext, attached: Attached) => Promise<void>): void =>
    test(title, async (t) => run(t, await attach(t)));

  on('names are listed in the order of the tables, what is hidden is not', async (t, { client }) => {
    const listed = await client.list('/');
    const expected = [
      ['README', 'file'],
      ['status', 'file'],
      ['value', 'file'],
      ['strict', 'file'],
      ['ctl', 'file'],
      ['log', 'file'],
      ['live', 'link'],
      ['wait', 'link'],
      ['ask', 'file'],
      ['new', 'file'],
      ['key', 'file'],
      ['inbox', 'directory'],
      ['notes', 'directory'],
      ['episodes', 'directory'],
      ['fixed', 'directory'],
      ['work', 'directory'],
    ];
    t.deepEqual(
      listed.map(({ name, kind }) => [name, kind]),
      expected,
    );
    t.deepEqual(await names(client, '/live/'), ['events', 'wait']);
    t.deepEqual(await names(client, '/episodes'), ['1.md']);
  });

  on('ls, stat and cat agree on every node that does not wait', async (t, { client }) => {
    const look = async (directory: string): Promise<void> => {
      for (const entry of await client.list(directory)) {
        const path = `${directory === '/' ? '' : directory}/${entry.name}`;
        const stat = await client.stat(path);
        const type = { file: 0o100000, directory: 0o040000, link: 0o120000 }[entry.kind];
        t.is(stat.mode & 0o170000, type, path);
        if (differences.listsNumbers) t.is(entry.ino, stat.ino, path);
        await agrees(path, entry, stat.size);
        t.is((await client.stat(path)).ino, stat.ino, path);
      }
    };
    const agrees = async (path: string, { kind }: Listed, size: number): Promise<void> => {
      if (kind === 'directory') return look(path);
      if (kind === 'link') {
        t.is((await client.readlink(path)).length, size, path);
        return;
      }
      // A size of 0 is what kinds say that have none: call, new. A sink cannot be read.
      if (path === '/key') return;
      const { length } = await cat(client, path);
      if (size > 0) t.is(length, size, path);
      else t.regex(path, /^\/(ask|new|inbox\/new)$/);
    };
    await look('/');
  });

  on('text: one snapshot an open, never written', async (t, { client }) => {
    t.is((await client.stat('/status')).mode, 0o100444);
    const file = await client.open('/status', O_RDONLY);
    t.is((await file.read(3)).toString(), 'sta');
    t.is(await drain(file), 'tus\nline two\n');
    t.is((await file.read()).length, 0);
    await file.close();
    await t.throwsAsync(client.open('/status', O_WRONLY), { code: 'EACCES' });
    await t.throwsAsync(client.open('/README', O_WRONLY | O_TRUNC), { code: 'EACCES' });
  });

  on('value: what is closed is what the next open and stat see, again and again', async (t, { client, demo }) => {
    for (let n = 0; n < 30; n++) {
      const content = 'x'.repeat(n) + '\n';
      await put(client, '/value', content);
      t.is(await cat(client, '/value'), content);
      t.is((await client.stat('/value')).size, content.length);
    }
    t.is(demo.value.counts.published, 30);
  });

  on('value: fsync stages, close publishes once', async (t, { client, demo }) => {
    const file = await client.open('/value', O_WRONLY | O_TRUNC);
    await file.fsync();
    for (const part of ['a\n', 'b\n', 'c\n']) {
      await file.write(part);
      await file.fsync();
      t.is(demo.value.content, 'old\n');
    }
    await file.close();
    t.is(await cat(client, '/value'), 'a\nb\nc\n');
    t.deepEqual(demo.value.counts, { staged: 3, dropped: 2, published: 1 });
  });

  on('value: what is refused fails the close, or the fsync, and the old value stays', async (t, { client, demo }) => {
    await t.throwsAsync(put(client, '/value', 'bad'), { code: 'EINVAL' });
    const file = await client.open('/value', O_WRONLY);
    await file.write('bad');
    await t.throwsAsync(file.fsync(), { code: 'EINVAL' });
    await file.close();
    t.is(await cat(client, '/value'), 'old\n');
    t.deepEqual(demo.refused, ['close value EINVAL', 'close value EINVAL']);
  });

  on('value: two writers, the last to close wins, whole; appenders both survive', async (t, { client }) => {
    const [first, second] = [
      await client.open('/value', O_WRONLY | O_TRUNC),
      await client.open('/value', O_WRONLY | O_TRUNC),
    ];
    await first.write('the first, which is longer\n');
    await second.write('second\n');
    await first.close();
    t.is(await cat(client, '/value'), 'the first, which is longer\n');
    await second.close();
    t.is(await cat(client, '/value'), 'second\n');
    const [third, fourth] = [
      await client.open('/value', O_WRONLY | O_APPEND),
      await client.open('/value', O_WRONLY | O_APPEND),
    ];
    await third.write('3');
    await third.write('3\n');
    await fourth.write('4\n');
    await fourth.close();
    t.is(await cat(client, '/value'), 'second\n4\n');
    await third.close();
    t.is(await cat(client, '/value'), 'second\n4\n33\n');
  });

  on('value: without O_TRUNC the rest stays, a handle reads what it wrote', async (t, { client }) => {
    const file = await client.open('/value', O_RDWR);
    await file.write('OL');
    t.is(await drain(file), 'd\n');
    await file.close();
    t.is(await cat(client, '/value'), 'OLd\n');
  });

  on('value: O_TRUNC and no write publishes an empty document', async (t, { client }) => {
    await (await client.open('/value', O_WRONLY | O_TRUNC)).close();
    t.is(await cat(client, '/value'), '');
  });

  on('value: where empty is not valid the old value stays, and the reason is told', async (t, { client, demo }) => {
    const file = await client.open('/strict', O_WRONLY | O_TRUNC);
    if (differences.closeTellsAll) await t.throwsAsync(file.close(), { code: 'EINVAL' });
    else await file.close();
    t.is(await cat(client, '/strict'), 'old\n');
    t.deepEqual(demo.refused, ['close strict EINVAL']);
  });

  on('value: ftruncate, and a truncate by path', async (t, { client }) => {
    const file = await client.open('/value', O_RDWR);
    await file.truncate(2);
    t.is(await drain(file), 'ol');
    await file.close();
    t.is(await cat(client, '/value'), 'ol');
    await client.truncate('/value', 0);
    t.is(await cat(client, '/value'), 'ol');
  });

  on('value: past the limit is EFBIG and nothing is published', async (t, { client }) => {
    const file = await client.open('/strict', O_WRONLY | O_TRUNC);
    await file.write('x'.repeat(8192));
    await t.throwsAsync(file.write('y'), { code: 'EFBIG' });
    await t.throwsAsync(file.close(), { code: 'EFBIG' });
    t.is(await cat(client, '/strict'), 'old\n');
    await put(client, '/strict', 'x'.repeat(8192));
    t.is((await client.stat('/strict')).size, 8192);
  });

  on('chmod, utimes and chown to the same owner do nothing; chown to another is EPERM', async (t, { client }) => {
    for (const path of ['/value', '/notes/a', '/status', '/ctl', '/notes']) {
      const before = await client.stat(path);
      await client.chmod(path, 0o700);
      await client.utimes(path, 1, 2);
      await client.chown(path, before.uid, before.gid);
      t.deepEqual(await client.stat(path), before, path);
      await t.throwsAsync(client.chown(path, 12345, 12345), { code: 'EPERM' }, path);
    }
  });

  on('verbs: inside the write, line by line; the first failure is the write’s', async (t, { client, demo }) => {
    await put(client, '/ctl', 'say one\nsay two');
    t.deepEqual(demo.ran, ['one', 'two']);
    await t.throwsAsync(put(client, '/ctl', 'say three\nfail\nsay four\n'), { code: 'EBUSY' });
    t.deepEqual(demo.ran, ['one', 'two', 'three']);
    await t.throwsAsync(put(client, '/ctl', 'nonsense\n'), { code: 'EINVAL' });
    t.regex(await cat(client, '/ctl'), /^say WHAT\.\.\. .*\nfail .*\nfailed: nonsense: /);
    t.is((await client.stat('/ctl')).size, (await cat(client, '/ctl')).length);
  });

  on('verbs: a handle that has written reads the outcome of its own last command', async (t, { client }) => {
    const file = await client.open('/ctl', O_RDWR);
    await file.write('say one\n');
    await put(client, '/ctl', 'say other\n');
    t.is(await drain(file), 'ok: say one\n');
    await file.write('say two\n');
    t.is(await drain(file), 'ok: say two\n');
    await file.close();
  });

  on('verbs: 64 KiB in one write, not more', async (t, { client, demo }) => {
    const file = await client.open('/ctl', O_WRONLY);
    await file.write(`say x\n`.padEnd(65536, '\n'));
    await t.throwsAsync(file.write(`say y\n`.padEnd(65537, '\n')), { code: 'EFBIG' });
    await file.close();
    t.deepEqual(demo.ran, ['x']);
  });

  on('log: grows under a reader, never blocks', async (t, { client, demo }) => {
    const file = await client.open('/log', O_RDONLY);
    t.is(await drain(file), '{"n":1}\n');
    demo.history.append('{"n":2}\n');
    t.is((await client.stat('/log')).size, 16);
    t.is(await drain(file), '{"n":2}\n');
    await file.close();
    await t.throwsAsync(client.open('/log', O_WRONLY | O_APPEND), { code: 'EACCES' });
  });

  on('stream: record after record, each reader its own', async (t, { client, demo }) => {
    const first = await client.open('/live/events', O_RDONLY);
    demo.records.add('one\n');
    const second = await client.open('/.live/events', O_RDONLY);
    demo.records.add('two\n');
    t.is((await first.read()).toString(), 'one\n');
    t.is((await first.read(2)).toString(), 'tw');
    t.is((await second.read()).toString(), 'two\n');
    t.is((await first.read()).toString(), 'o\n');
    const waiting = second.read();
    t.is((await client.stat('/live/events')).size, 0);
    demo.records.add('three\n');
    t.is((await waiting).toString(), 'three\n');
    t.is((await first.read()).toString(), 'three\n');
    await second.close();
    if (differences.interrupts) {
      const given = first.read();
      first.interrupt!();
      await t.throwsAsync(given, { code: 'EINTR' });
      demo.records.add('four\n');
      t.is((await first.read()).toString(), 'four\n');
    }
    await first.close();
  });

  on('stream: O_NONBLOCK is EAGAIN', async (t, { client, demo }) => {
    const file = await client.open('/live/events', O_RDONLY | O_NONBLOCK);
    await t.throwsAsync(file.read(), { code: 'EAGAIN' });
    demo.records.add('one\n');
    t.is((await file.read()).toString(), 'one\n');
    await file.close();
  });

  on('await: the first read waits, then a snapshot and the end', async (t, { client, demo }) => {
    const file = await client.open('/wait', O_RDONLY);
    const reading = drain(file);
    t.is((await client.stat('/live/wait')).size, 0);
    demo.meet('idle\n');
    t.is(await reading, 'idle\n');
    await file.close();
    t.is(await cat(client, '/wait'), 'idle\n');
  });

  on('call: usage, question and answer, the next question on the same descriptor', async (t, { client, demo }) => {
    t.is(await cat(client, '/ask'), 'write a question\n');
    const file = await client.open('/ask', O_RDWR);
    await file.write('who ');
    await file.fsync();
    await file.write('are you');
    t.deepEqual(demo.asked, []);
    t.is(await drain(file), 'answer to who are you\n');
    await file.write('again');
    t.is(await drain(file), 'answer to again\n');
    await file.close();
    t.deepEqual(demo.asked, ['who are you', 'again']);
  });

  on('call: a failure is the read’s; who does not read submits at the close', async (t, { client, demo }) => {
    const file = await client.open('/ask', O_RDWR);
    await file.write('fail');
    await t.throwsAsync(file.read(), { code: 'ENODEV' });
    await file.close();
    await put(client, '/ask', 'unread');
    // The close does not wait for the answer, nor over FUSE for the question: the next look at the tree comes after it.
    await client.stat('/ask');
    t.deepEqual(demo.asked, ['fail', 'unread']);
    const big = await client.open('/ask', O_WRONLY);
    await t.throwsAsync(big.write('x'.repeat(4097)), { code: 'EFBIG' });
    await big.close();
    await client.stat('/ask');
    t.deepEqual(demo.asked, ['fail', 'unread']);
  });

  on('new: a template, the id of what was made, a bad request', async (t, { client, demo }) => {
    t.is(await cat(client, '/new'), 'To: NAME\n');
    const file = await client.open('/new', O_RDWR);
    await file.write('one');
    t.is(await drain(file), '1\n');
    await file.write('bad');
    await t.throwsAsync(file.read(), { code: 'EINVAL' });
    await file.close();
    await put(client, '/new', 'two');
    t.is(await cat(client, '/new'), 'To: NAME\n');
    t.deepEqual(demo.maker.made, ['one', 'two']);
    await t.throwsAsync(put(client, '/new', 'bad'), { code: 'EINVAL' });
  });

  on('sink: takes and never shows', async (t, { client, demo }) => {
    await put(client, '/key', 'hunter2');
    await t.throwsAsync(client.open('/key', O_RDONLY), { code: 'EACCES' });
    await t.throwsAsync(client.open('/key', O_RDWR), { code: 'EACCES' });
    t.is((await client.stat('/key')).size, 0);
    t.deepEqual(demo.secrets.made, ['hunter2']);
  });

  on('queue: names, keys, nothing written, drafts, discards', async (t, { client, demo }) => {
    await put(client, '/inbox/m1', 'one\n');
    t.is(await cat(client, '/inbox/m1'), 'one\n');
    await put(client, '/inbox/m1', 'one\n');
    await t.throwsAsync(put(client, '/inbox/m1', 'other\n'), { code: 'EEXIST' });
    await t.throwsAsync(client.open('/inbox/m1', O_WRONLY | O_CREAT | O_EXCL), { code: 'EEXIST' });
    await (await client.open('/inbox/m2', O_WRONLY | O_CREAT)).close();
    await put(client, '/inbox/.m3.AbCdEf', 'three\n');
    t.deepEqual([...demo.queue.waiting.keys()], ['m1']);
    await client.rename('/inbox/.m3.AbCdEf', '/inbox/m3');
    const appended = await client.open('/inbox/m4', O_WRONLY | O_CREAT | O_APPEND);
    await appended.write('a');
    await appended.write('b');
    await appended.close();
    t.deepEqual(await names(client, '/inbox'), ['new', 'm1', 'm3', 'm4']);
    t.is(await cat(client, '/inbox/m4'), 'ab');
    await client.unlink('/inbox/m3');
    await t.throwsAsync(client.stat('/inbox/m3'), { code: 'ENOENT' });
    t.is(demo.queue.take(), 'one\n');
    t.is((await client.stat('/inbox/m1')).size, 4);
    await client.chmod('/inbox/m1', 0o600);
    await client.utimes('/inbox/m1', 1, 1);
    t.deepEqual(await names(client, '/inbox'), ['new', 'm4']);
    await t.throwsAsync(client.unlink('/inbox/new'), { code: 'EPERM' });
    await t.throwsAsync(client.mkdir('/inbox/sub'), { code: 'EPERM' });
  });

  on('values: made, changed, moved and removed', async (t, { client, demo }) => {
    await put(client, '/notes/new', 'N\n');
    t.is(await cat(client, '/notes/new'), 'N\n');
    const { ino } = await client.stat('/notes/new');
    await client.rename('/notes/new', '/notes/moved');
    t.is((await client.stat('/notes/moved')).ino, ino);
    await t.throwsAsync(client.stat('/notes/new'), { code: 'ENOENT' });
    await client.mkdir('/notes/sub/deep');
    await put(client, '/notes/sub/deep/c', 'C\n');
    await t.throwsAsync(client.rmdir('/notes/sub'), { code: 'ENOTEMPTY' });
    await t.throwsAsync(client.mkdir('/notes/sub'), { code: 'EEXIST' });
    await t.throwsAsync(client.rename('/notes/a', '/notes/sub/a'), { code: 'EPERM' });
    await client.unlink('/notes/sub/deep/c');
    await client.rmdir('/notes/sub/deep');
    await t.throwsAsync(client.unlink('/notes/none'), { code: 'ENOENT' });
    t.deepEqual(await names(client, '/notes/sub'), ['b']);
    t.is(demo.notes.files.get('moved'), 'N\n');
  });

  on(
    'scratch: beside a value; over it a validated write; a value to scratch is a copy',
    async (t, { client, demo }) => {
      await put(client, '/value.tmp', 'new\n');
      t.is(await cat(client, '/value.tmp'), 'new\n');
      t.true((await names(client, '/')).includes('value.tmp'));
      t.is(demo.value.content, 'old\n');
      const { ino } = await client.stat('/value');
      await client.rename('/value.tmp', '/value');
      t.is(await cat(client, '/value'), 'new\n');
      t.is((await client.stat('/value')).ino, ino);
      await t.throwsAsync(client.stat('/value.tmp'), { code: 'ENOENT' });
      await client.rename('/value', '/value~');
      t.is(await cat(client, '/value~'), 'new\n');
      t.is(await cat(client, '/value'), 'new\n');
      await put(client, '/value~', 'bad');
      await t.throwsAsync(client.rename('/value~', '/value'), { code: 'EINVAL' });
      await put(client, '/value~', 'x');
      t.is(await cat(client, '/value~'), 'x');
      await client.unlink('/value~');
      t.is(await cat(client, '/value'), 'new\n');
    },
  );

  on('a fixed directory is EPERM for every change', async (t, { client }) => {
    await t.throwsAsync(client.open('/fixed/x', O_WRONLY | O_CREAT), { code: 'EPERM' });
    await t.throwsAsync(client.mkdir('/fixed/x'), { code: 'EPERM' });
    await t.throwsAsync(client.unlink('/fixed/text'), { code: 'EPERM' });
    await t.throwsAsync(client.rmdir('/fixed'), { code: 'EPERM' });
    await t.throwsAsync(client.rename('/fixed/text', '/fixed/x'), { code: 'EPERM' });
    await t.throwsAsync(client.rename('/value', '/notes/value'), { code: 'EPERM' });
    await t.throwsAsync(client.symlink('text', '/fixed/x'), { code: 'EPERM' });
    await t.throwsAsync(client.link('/value', '/value2'), { code: 'EPERM' });
  });

  on('errors of paths are POSIX’s', async (t, { client }) => {
    await t.throwsAsync(client.stat('/none'), { code: 'ENOENT' });
    await t.throwsAsync(client.stat('/value/x'), { code: differences.walksByStep ? 'ENOTDIR' : 'ENOENT' });
    await t.throwsAsync(client.stat(`/${'x'.repeat(256)}`), { code: 'ENAMETOOLONG' });
    await t.throwsAsync(client.open('/notes', O_WRONLY), { code: 'EISDIR' });
    await t.throwsAsync(client.list('/value'), { code: 'ENOTDIR' });
    await t.throwsAsync(client.unlink('/notes'), { code: 'EISDIR' });
    await t.throwsAsync(client.rmdir('/value'), { code: 'ENOTDIR' });
    await t.throwsAsync(client.readlink('/value'), { code: 'EINVAL' });
    await t.throwsAsync(client.mkdir('/value'), { code: 'EEXIST' });
  });

  on('links are shown and followed', async (t, { client, demo }) => {
    t.is(await client.readlink('/live'), '.live');
    t.is((await client.stat('/wait')).mode & 0o170000, 0o120000);
    const file = await client.open('/live/events', O_RDONLY);
    demo.records.add('x\n');
    t.is((await file.read()).toString(), 'x\n');
    await file.close();
  });

  on('host: files of the host, what the host does is seen, no rename across', async (t, { client, demo }) => {
    t.is(await cat(client, '/work/file'), 'host\n');
    await put(client, '/work/new', 'made here\n');
    t.is(await cat(client, '/work/new'), 'made here\n');
    await client.rename('/work/new', '/work/dir/moved');
    t.deepEqual(await names(client, '/work/dir'), ['moved']);
    await client.symlink('moved', '/work/dir/link');
    t.is(await client.readlink('/work/dir/link'), 'moved');
    await client.truncate('/work/file', 2);
    t.is(await cat(client, '/work/file'), 'ho');
    await client.chmod('/work/file', 0o600);
    t.is((await client.stat('/work/file')).mode & 0o777, 0o600);
    await t.throwsAsync(client.rename('/work/file', '/notes/file'), { code: 'EXDEV' });
    await t.throwsAsync(client.rename('/notes/a', '/work/a'), { code: 'EXDEV' });
    await client.unlink('/work/file');
    t.true(demo.work.length > 0);
  });

  on('the end of the client publishes what it had written', async (t, { client, demo }) => {
    const file = await client.open('/value', O_WRONLY | O_TRUNC);
    await file.write('kept\n');
    await file.fsync();
    await client.end();
    await demo.value.published(1);
    t.is(demo.value.content, 'kept\n');
  });
};
