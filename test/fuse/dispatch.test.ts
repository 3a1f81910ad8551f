import test from 'ava';
import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from '../../src/fuse/context.ts';
import { Dispatcher } from '../../src/fuse/dispatch.ts';
import { Handles, Publishing } from '../../src/fuse/handles.ts';
import { messages, requestHeader, type Op } from '../../src/fuse/messages.ts';
import { Nodes } from '../../src/fuse/nodes.ts';
import { Replies } from '../../src/fuse/reply.ts';
import { Cursor } from '../../src/fuse/wire.ts';
import { observer } from '../../src/kernel/subject.ts';
import { frames, random } from '../support/frames.ts';
import { MemoryDir, MemoryFile, MemoryLink, sessionOn } from '../support/nodes.ts';

interface Answer {
  readonly length: number;
  readonly error: number;
  readonly unique: number;
  readonly body: Buffer;
}

/** A dispatcher on a real session, with a device that only remembers what was written to it. */
const dispatcher = async (root = tree()) => {
  const { session } = await sessionOn(root, { maxFids: Infinity });
  const answers: Answer[] = [];
  const log: string[] = [];
  const nodes = new Nodes();
  const context: Context = {
    session,
    nodes,
    handles: new Handles(),
    publishing: new Publishing(),
    inflight: new Map(),
    log: (text, cause) => void log.push(cause instanceof Error ? `${text}: ${cause.stack}` : text),
    serial: 0,
    hold: () => () => undefined,
    wake: () => undefined,
  };
  const replies = new Replies((message, length) => {
    answers.push({
      length: message.readUInt32LE(0) === length ? length : -1,
      error: 0 - message.readInt32LE(4),
      unique: Number(message.readBigUInt64LE(8)),
      body: Buffer.from(message.subarray(16, length)),
    });
  });
  const of = {
    INIT: async () => {
      throw new Error('no connection here');
    },
    INTERRUPT: ({ inflight }: Context, { unique }: { unique: number }) => inflight.get(unique)?.abort(),
    DESTROY: () => undefined,
  };
  const take = new Dispatcher(context, replies, of, observer, () => undefined);
  const { qid } = await session.attach(1, session.request());
  nodes.root(qid);
  return { take: (frame: Buffer) => take.take(frame, frame.length), answers, log, context };
};

const tree = () =>
  new MemoryDir({
    hello: new MemoryFile('hello\n'),
    sub: new MemoryDir({ deep: new MemoryFile('deep\n') }),
    link: new MemoryLink('sub/deep'),
  });

let unique = 2;
const frame = (op: Op | number, node: number, body: Buffer, uid = process.getuid?.() ?? 0): Buffer => {
  const header = Buffer.alloc(requestHeader.size);
  requestHeader.write(header, 0, {
    len: header.length + body.length,
    opcode: typeof op === 'number' ? op : messages[op].number,
    unique: (unique += 2),
    nodeid: node,
    uid,
    gid: uid,
    pid: 1,
    total_extlen: 0,
  });
  return Buffer.concat([header, body]);
};
const lookup = (node: number, name: string, uid?: number) => frame('LOOKUP', node, Buffer.from(`${name}\0`), uid);
const numbers = (...words: number[]): Buffer => {
  const buffer = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) buffer.writeUInt32LE(word, index * 4);
  return buffer;
};

test('what has no row is ENOSYS; nothing is too foreign to be answered', async (t) => {
  const { take, answers } = await dispatcher();
  take(frame(39, 1, Buffer.alloc(32)));
  take(frame(4095, 1, Buffer.alloc(0)));
  t.deepEqual(
    answers.map(({ error }) => error),
    [38, 38],
  );
});

test('a bad header is dropped, and said so', async (t) => {
  const { take, answers, log } = await dispatcher();
  take(Buffer.alloc(39));
  take(Buffer.alloc(40));
  t.is(answers.length, 0);
  t.is(log.length, 2);
});

test('a wrong length, an extension and trailing bytes are refused', async (t) => {
  const { take, answers } = await dispatcher();
  const long = lookup(1, 'hello');
  long.writeUInt32LE(long.length + 1, 0);
  take(long);
  const extended = lookup(1, 'hello');
  extended.writeUInt16LE(1, 36);
  take(extended);
  take(frame('LOOKUP', 1, Buffer.from('hello\0more')));
  t.deepEqual(
    answers.map(({ error }) => error),
    [5, 22, 5],
  );
});

test('nodes are counted and forgotten', async (t) => {
  const { take, answers, context } = await dispatcher();
  const { session, nodes } = context;
  take(lookup(1, 'hello'));
  take(lookup(1, 'hello'));
  const id = Number(answers[0]!.body.readBigUInt64LE(0));
  t.is(Number(answers[1]!.body.readBigUInt64LE(0)), id);
  t.is(nodes.size, 2);
  t.is(session.size, 2);
  take(frame('FORGET', id, numbers(1, 0)));
  t.is(nodes.size, 2);
  take(frame('BATCH_FORGET', 0, numbers(1, 0, id, 0, 1, 0)));
  t.is(nodes.size, 1);
  t.is(session.size, 1);
  t.is(answers.length, 2);
  take(frame('GETATTR', id, numbers(0, 0, 0, 0)));
  t.is(answers[2]!.error, 116);
});

test('a name that moved is the same node in its new place', async (t) => {
  const file = new MemoryFile('x');
  const { take, answers, context } = await dispatcher(new MemoryDir({ a: file, b: new MemoryDir({ c: file }) }));
  take(lookup(1, 'b'));
  const directory = Number(answers[0]!.body.readBigUInt64LE(0));
  take(lookup(1, 'a'));
  take(lookup(directory, 'c'));
  t.is(answers[1]!.body.readBigUInt64LE(0), answers[2]!.body.readBigUInt64LE(0));
  t.deepEqual(context.nodes.names(Number(answers[2]!.body.readBigUInt64LE(0))), ['b', 'c']);
  t.is(context.session.size, 3);
});

test('a foreign user reaches only what an observer can walk to, cached or not', async (t) => {
  const root = tree();
  const hidden = new MemoryDir({ secret: new MemoryFile('x') });
  root.children.set('hidden', hidden);
  Object.assign(root, { access: (name: string) => (name === 'hidden' ? { observer: '-' } : undefined) });
  const { take, answers, context, log } = await dispatcher(root);
  const foreign = (process.getuid?.() ?? 0) + 1000;
  take(lookup(1, 'hidden'));
  const directory = Number(answers[0]!.body.readBigUInt64LE(0));
  take(lookup(directory, 'secret'));
  const secret = Number(answers[1]!.body.readBigUInt64LE(0));
  const before = context.session.size;
  take(frame('OPEN', secret, numbers(0, 0), foreign));
  take(lookup(1, 'hidden', foreign));
  take(lookup(1, 'hello', foreign));
  await turn();
  t.deepEqual(log, []);
  t.deepEqual(
    answers
      .slice(2)
      .map(({ error }) => error)
      .sort(),
    [0, 2, 2],
  );
  t.is(context.session.size, before + 1);
});

test('a read of more than the kernel can ask for is refused', async (t) => {
  const { take, answers } = await dispatcher();
  take(lookup(1, 'hello'));
  const id = Number(answers[0]!.body.readBigUInt64LE(0));
  take(frame('OPEN', id, numbers(0, 0)));
  const fh = Number(answers[1]!.body.readBigUInt64LE(0));
  take(frame('READ', id, numbers(fh, 0, 0, 0, 0xffff_ffff, 0, 0, 0, 0, 0)));
  t.is(answers[2]!.error, 22);
});

/** Each request gets exactly one well-formed answer, whatever is in it; a few never get one. */
const check = (op: string, request: Buffer, given: Answer[], detail: string): string | undefined => {
  const silent = ['FORGET', 'BATCH_FORGET', 'INTERRUPT'];
  const header = requestHeader.read(new Cursor(request, 0, request.length), {});
  if (given.length > 1) return `${op} ${detail}: ${given.length} answers`;
  const [answer] = given;
  if (!answer) {
    const name = (Object.keys(messages) as Op[]).find((key) => messages[key].number === header.opcode);
    return name && silent.includes(name)
      ? undefined
      : header.unique === 0 || header.unique === Number.MAX_SAFE_INTEGER
        ? undefined
        : `${op} ${detail}: no answer`;
  }
  if (answer.length < 16 || answer.error < 0 || answer.error > 4095) return `${op} ${detail}: malformed`;
  if (answer.error !== 0 && answer.length !== 16) return `${op} ${detail}: an error with a body`;
  if (answer.unique !== header.unique)
    return `${op} ${detail}: answered ${answer.unique} for ${header.unique} ${request.toString('hex')}`;
  return undefined;
};
test('every truncation of every request is refused', async (t) => {
  for (const [op, whole] of frames()) {
    const { take, answers, log } = await dispatcher();
    for (let length = requestHeader.size; length < whole.length; length++) {
      answers.length = 0;
      const request = Buffer.from(whole.subarray(0, length));
      take(request);
      await turn();
      t.is(check(op, request, answers, `${length} bytes`), undefined);
      t.not(answers[0]?.error, 0, `${op} ${length}`);
      // The same with an honest length: the header is good then.
      request.writeUInt32LE(length, 0);
      answers.length = 0;
      take(request);
      await turn();
      t.is(check(op, request, answers, `${length} honest bytes`), undefined);
      if (op !== 'INIT') t.not(answers[0]?.error, 0, `${op} ${length}`);
    }
    if (op !== 'INIT') t.deepEqual(log, [], op);
  }
});

test('no mutation crashes, hangs or is answered twice', async (t) => {
  const seed = 20_261_120;
  const below = random(seed);
  const { take, answers, context } = await dispatcher();
  // Something to hit: low numbers are nodes and open files.
  for (const name of ['hello', 'sub', 'link', 'hello']) take(lookup(1, name));
  for (let id = 2; id < 5; id++) take(frame('OPEN', id, numbers(2, 0)));
  await turn();
  const recorded = [...frames()];
  for (let round = 0; round < 20_000; round++) {
    const [op, whole] = recorded[below(recorded.length)]!;
    const request = Buffer.from(whole);
    const detail = `seed ${seed} round ${round}`;
    for (let count = 1 + below(4); count > 0; count--) {
      const at = below(5) === 0 ? below(request.length) : 40 + below(Math.max(1, request.length - 40));
      if (at < request.length) request[at] = below(3) === 0 ? below(256) : below(12);
    }
    // Most frames get numbers that exist, so that they reach the tree.
    if (below(2) === 0) request.writeUInt32LE(1 + below(12), 16);
    if (below(2) === 0 && request.length >= 48) request.writeUInt32LE(1 + below(12), 40);
    answers.length = 0;
    take(request);
    if (answers.length === 0) await turn();
    const wrong = check(op, request, answers, detail);
    if (wrong) t.fail(wrong);
  }
  t.is(context.inflight.size, 0);
  t.true(context.nodes.size < 20_000);
});
