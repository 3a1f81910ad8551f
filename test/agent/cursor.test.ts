import test from 'ava';
import { Backlog, Chain } from '../../src/agent/cursor.ts';

const text = (backlog: Backlog): string => Buffer.from(backlog.take()).toString();
const record = (n: number): Uint8Array => Buffer.from(`${n}\n`);

test('backlogs of one chain share its records, and each has its own place', (t) => {
  const chain = new Chain();
  const [early, late] = [new Backlog(), new Backlog()];
  early.push(chain.add(record(0)));
  for (let n = 1; n < 4; n++) {
    const link = chain.add(record(n));
    early.push(link);
    late.push(link);
  }
  const copy = early.copy();
  t.is(text(late), '1\n2\n3\n');
  t.true(late.empty);
  const next = chain.add(record(4));
  for (const backlog of [early, late, copy]) backlog.push(next);
  t.is(text(early), '0\n1\n2\n3\n4\n');
  t.is(text(late), '4\n');
  t.is(text(copy), '0\n1\n2\n3\n4\n');
  t.is(text(copy), '');
});

test('what is too much goes from the oldest on and is counted, in records and in bytes', (t) => {
  const chain = new Chain();
  const backlog = new Backlog();
  for (let n = 0; n < 1_500; n++) backlog.push(chain.add(record(n)));
  t.true(text(backlog).startsWith('{"gap":500}\n500\n501\n'));
  t.true(backlog.empty);
  const large = new Uint8Array(1024 * 1024);
  for (let n = 0; n < 6; n++) backlog.push(chain.add(large));
  t.is(backlog.take().length, '{"gap":2}\n'.length + large.length);
  t.is(backlog.take().length, large.length);
});
