import test from 'ava';
import { agent, operator } from '../../src/kernel/subject.ts';
import { bodyOf, parse, stamp } from '../../src/agent/message.ts';

test('known headers before an empty line are headers', (t) => {
  const draft = parse('To: bob\nSubject: a: b\nId: 7\n\nhello\n\nthere\n');
  t.deepEqual(draft.headers, { To: 'bob', Subject: 'a: b', Id: '7' });
  t.is(draft.body, 'hello\n\nthere\n');
});

test('everything else is body', (t) => {
  for (const text of [
    'hello\n',
    '',
    '\nhello\n',
    'Subject: no empty line after it\nhello\n',
    'Subject: nothing after it\n',
    'Subject: x\nNote: not a header\n\nhello\n',
    'to: lower case\n\nhello\n',
    'Subject : x\n\nhello\n',
    ' Subject: x\n\nhello\n',
    'hello\nSubject: x\n\nhello\n',
  ]) {
    t.deepEqual(parse(text), { headers: {}, claimed: {}, body: text }, JSON.stringify(text));
  }
});

test('what the server stamps is kept as a claim', (t) => {
  const draft = parse('From: root\nTrust: 1\nSubject: x\n\nhello');
  t.deepEqual(draft.claimed, { 'Claimed-From': 'root', 'Claimed-Trust': '1' });
  const document = stamp(draft, { id: 'm1', to: 'ada', origin: agent('bob'), date: 0 });
  t.is(
    document,
    [
      'From: bob',
      'To: ada',
      'Date: 1970-01-01T00:00:00.000Z',
      'Origin: agent:bob',
      'Trust: 0.5',
      'Id: m1',
      'Subject: x',
      'Claimed-From: root',
      'Claimed-Trust: 1',
      '',
      'hello',
    ].join('\n'),
  );
  t.is(bodyOf(document), 'hello');
});

test('lines may end as they do elsewhere', (t) => {
  t.deepEqual(parse('Subject: x\r\n\r\nhello\r\n'), { headers: { Subject: 'x' }, claimed: {}, body: 'hello\r\n' });
});

test('headers that make no sense are EINVAL', (t) => {
  for (const text of [
    'Subject: a\nSubject: b\n\n',
    'Id: \n\nx',
    `Id: ${'x'.repeat(256)}\n\nx`,
    'Expires: soon\n\nx',
    'Expires: 30\n\nx',
    'Subject: a\u0007b\n\nx',
  ]) {
    t.throws(() => parse(text), { code: 'EINVAL' }, JSON.stringify(text));
  }
  t.notThrows(() => parse('Expires: 2030-01-01T00:00:00Z\n\nx'));
});

test('a stamped document parses again, and its stamps become claims', (t) => {
  const document = stamp(parse('Subject: x\n\nhello'), { id: 'm1', to: 'ada', origin: operator, date: 0 });
  const again = parse(document);
  t.is(again.headers.Id, 'm1');
  t.is(again.claimed['Claimed-From'], 'operator');
  t.is(again.body, 'hello');
});

test('a hostile head costs no more than its length', (t) => {
  const started = performance.now();
  parse('Subject: x\n'.repeat(20_000));
  parse(`${'a'.repeat(200_000)}\n`.repeat(1));
  const blanks = ' '.repeat(200_000);
  t.is(parse(`To:${blanks}\u2028x\n\nb`).headers.To, undefined);
  t.is(parse(`To: a${blanks}b\n\nb`).headers.To, `a${blanks}b`);
  t.is(parse(`To:${blanks}a${blanks}\n\nb`).headers.To, 'a');
  t.true(performance.now() - started < 1_000);
});
