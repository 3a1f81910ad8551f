import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { fileLog } from '../../../src/drivers/log/file.ts';
import { Errno } from '../../../src/kernel/errno.ts';

const directory = mkdtempSync(join(tmpdir(), 'weft-log-'));
test.after.always(() => rmSync(directory, { recursive: true }));

const records = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as Record<string, unknown>);

test('a record is one line of JSON with the time of the clock it is given', (t) => {
  const path = join(directory, 'form.log');
  const log = fileLog(path, { now: () => 0 });
  log.info('line one\nline two', { agent: 'ada', bytes: 3n, at: new Date(1000) });
  log.close();
  t.deepEqual(records(path), [
    {
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      message: 'line one\nline two',
      agent: 'ada',
      bytes: '3',
      at: '1970-01-01T00:00:01.000Z',
    },
  ]);
  t.is(statSync(path).mode & 0o777, 0o600);
});

test('the level decides what is written', (t) => {
  const path = join(directory, 'level.log');
  const log = fileLog(path, { level: 'warn' });
  log.debug('d');
  log.info('i');
  log.warn('w');
  log.error('e');
  log.close();
  t.deepEqual(
    records(path).map(({ level }) => level),
    ['warn', 'error'],
  );
});

test('two files of the given size at most, and no line is lost between them', (t) => {
  const path = join(directory, 'rotation.log');
  const log = fileLog(path, { maxBytes: 1000, now: () => 0 });
  const width = 80;
  for (let n = 0; n < 40; n++) log.info(String(n).padStart(width));
  log.close();
  t.true(statSync(path).size <= 1000);
  t.true(statSync(`${path}.1`).size <= 1000);
  const numbers = [...records(`${path}.1`), ...records(path)].map(({ message }) => Number(message));
  t.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, index) => 40 - numbers.length + index),
  );
});

test('an existing file is continued and its size counted', (t) => {
  const path = join(directory, 'again.log');
  for (const message of ['first', 'second']) {
    const log = fileLog(path);
    log.info(message);
    log.close();
  }
  t.deepEqual(
    records(path).map(({ message }) => message),
    ['first', 'second'],
  );
});

test('what is named like a secret is not written, wherever it stands', (t) => {
  const path = join(directory, 'secret.log');
  const log = fileLog(path);
  log.info('request', {
    apiKey: 'hide-1',
    headers: { Authorization: 'hide-2', accept: 'json' },
    list: [{ access_token: 'hide-3' }],
    nsec: 'hide-4',
    'x-api-key': 'hide-5',
    privateKey: new Uint8Array(32),
    pubkey: 'shown',
    tokens: 'hide-6',
    count: { tokens: 12 },
    error: new Error('outer', { cause: Object.assign(new Error('inner'), { code: 'EIO' }) }),
  });
  log.close();
  const text = readFileSync(path, 'utf8');
  t.notRegex(text, /hide-/);
  t.regex(text, /"pubkey":"shown"/);
  t.regex(text, /"tokens":12/);
  t.regex(text, /"accept":"json"/);
});

test('an error is written with code, path, stack and cause', (t) => {
  const path = join(directory, 'error.log');
  const log = fileLog(path);
  log.error('failed', { error: new Errno('EIO', 'no luck', { path: '/a', op: 'read', cause: new Error('disk') }) });
  log.close();
  const [record] = records(path) as { error: Record<string, unknown> }[];
  t.like(record!.error, { message: 'no luck', code: 'EIO', path: '/a', op: 'read' });
  t.regex(record!.error['stack'] as string, /file\.test/);
  t.like(record!.error['cause'], { message: 'disk' });
});

test('long text, deep and circular values are bounded', (t) => {
  const path = join(directory, 'bounds.log');
  const log = fileLog(path);
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  log.info('big', {
    text: 'x'.repeat(100_000),
    circular,
    bytes: new Uint8Array(1e6),
    many: Array.from({ length: 1e4 }),
  });
  log.close();
  t.true(statSync(path).size < 10_000);
});
