import test from 'ava';
import { DocumentHandle, type Document } from '../../src/files/document.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { O_APPEND, O_RDWR, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { Request } from '../../src/kernel/request.ts';
import { operator } from '../../src/kernel/subject.ts';

const request = new Request(operator);
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** A document that keeps what was published, and counts. */
const kept = (present = '') => {
  const made = { content: present, staged: 0, dropped: 0, published: 0 };
  const document: Document = {
    limit: 100,
    load: () => bytes(made.content),
    stage: (content) => {
      const text = Buffer.from(content).toString();
      if (text.includes('bad')) throw new Errno('EINVAL', 'bad');
      made.staged++;
      return {
        publish: () => {
          made.content = text;
          made.published++;
          return undefined;
        },
        drop: () => {
          made.dropped++;
        },
      };
    },
  };
  return { made, document };
};

test('a flush in the middle of a document does not end it', async (t) => {
  const { made, document } = kept('old');
  const handle = new DocumentHandle(document, O_WRONLY | O_TRUNC, undefined);
  await handle.stage(request);
  t.is(made.staged, 0);
  handle.write(0, bytes('one\n'));
  await handle.stage(request);
  await handle.stage(request);
  handle.write(4, bytes('two\n'));
  await handle.stage(request);
  t.deepEqual([made.staged, made.dropped, made.published, made.content], [2, 1, 0, 'old']);
  await handle.publish(request);
  await handle.publish(request);
  t.deepEqual([made.published, made.content], [1, 'one\ntwo\n']);
});

test('where the last stage failed nothing is published and the old value stays', async (t) => {
  const { made, document } = kept('old');
  const handle = new DocumentHandle(document, O_WRONLY | O_TRUNC, undefined);
  handle.write(0, bytes('good'));
  await handle.stage(request);
  handle.write(4, bytes(' bad'));
  await t.throwsAsync(async () => handle.stage(request), { code: 'EINVAL' });
  await handle.publish(request);
  t.deepEqual([made.published, made.content, made.dropped], [0, 'old', 1]);
});

test('two appenders both survive; of two writers the last to close wins, whole', async (t) => {
  const { made, document } = kept('a\n');
  const [first, second] = [0, 1].map(() => new DocumentHandle(document, O_WRONLY | O_APPEND, bytes(made.content)));
  first!.write(0, bytes('first\n'));
  second!.write(0, bytes('second\n'));
  await first!.stage(request);
  await second!.stage(request);
  await second!.publish(request);
  await first!.publish(request);
  t.is(made.content, 'a\nsecond\nfirst\n');
  const [third, fourth] = [0, 1].map(() => new DocumentHandle(document, O_WRONLY | O_TRUNC, undefined));
  third!.write(0, bytes('third, the longer one\n'));
  fourth!.write(0, bytes('fourth\n'));
  await fourth!.publish(request);
  await third!.publish(request);
  t.is(made.content, 'third, the longer one\n');
});

test('O_TRUNC alone publishes an empty document, an untouched handle nothing', async (t) => {
  const { made, document } = kept('old');
  await new DocumentHandle(document, O_RDWR, bytes('old')).publish(request);
  t.is(made.published, 0);
  await new DocumentHandle(document, O_WRONLY | O_TRUNC, undefined).publish(request);
  t.is(made.content, '');
});

test('writing in the middle keeps the rest', async (t) => {
  const { made, document } = kept('hello world');
  const handle = new DocumentHandle(document, O_RDWR, bytes(made.content));
  handle.write(0, bytes('HELLO'));
  t.is(Buffer.from(handle.read(0, 100)).toString(), 'HELLO world');
  await handle.publish(request);
  t.is(made.content, 'HELLO world');
});

test('what lost a part to EFBIG is not published, until it starts anew', async (t) => {
  const { made, document } = kept('hello world');
  const handle = new DocumentHandle(document, O_RDWR, bytes(made.content));
  handle.write(0, bytes('HELLO'));
  await handle.stage(request);
  t.throws(() => handle.write(99, bytes('xx')), { code: 'EFBIG' });
  t.throws(() => handle.stage(request), { code: 'EFBIG' });
  await handle.publish(request);
  t.deepEqual([made.content, made.dropped], ['hello world', 1]);
  handle.truncate(0);
  handle.write(0, bytes('hi'));
  await handle.publish(request);
  t.is(made.content, 'hi');
});
