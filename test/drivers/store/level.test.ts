import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Errno } from '../../../src/kernel/errno.ts';
import { LevelStore } from '../../../src/drivers/store/level.ts';
import { put } from '../../../src/drivers/store/store.ts';
import { conformance } from './conformance.ts';

const directory = async (t: ExecutionContext): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'weft-level-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
};

conformance(test, async (t) => {
  const store = await LevelStore.open(await directory(t));
  t.teardown(() => store.close());
  return store;
});

test('what was written is there after opening again', async (t) => {
  const path = await directory(t);
  const first = await LevelStore.open(path);
  await first.batch([put('a', Buffer.from('1'))]);
  await first.close();
  const second = await LevelStore.open(path);
  t.is(Buffer.from(second.get('a')!).toString(), '1');
  await second.close();
});

test('a directory somebody has open is EBUSY, and his pid is named where the system knows it', async (t) => {
  const path = await directory(t);
  const script = `
    const { LevelStore } = await import(${JSON.stringify(new URL('../../../src/drivers/store/level.ts', import.meta.url).href)});
    await LevelStore.open(${JSON.stringify(path)});
    console.log('open');
    process.stdin.resume();
  `;
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const error = await t.throwsAsync(LevelStore.open(path), { instanceOf: Errno, code: 'EBUSY' });
  const known = existsSync('/proc/locks') && readFileSync('/proc/locks', 'utf8').includes(` ${child.pid!} `);
  t.regex(error.message, known ? new RegExp(`in use by process ${child.pid!}`) : /in use by another process/);
});

test('what LevelDB leaves out of its log is told', async (t) => {
  const path = await directory(t);
  const first = await LevelStore.open(path);
  for (let n = 0; n < 10; n++) await first.batch([put(`k${n}`, Buffer.alloc(200, n))]);
  t.is(first.damage, undefined);
  await first.close();
  const [log] = readdirSync(path).filter((name) => name.endsWith('.log'));
  const bytes = readFileSync(join(path, log!));
  bytes[bytes.length - 10]! ^= 1;
  writeFileSync(join(path, log!), bytes);
  const second = await LevelStore.open(path);
  t.regex(second.damage!, /^the store lost \d+ bytes of its newest writes: checksum mismatch$/);
  t.is(second.get('k9'), undefined);
  t.truthy(second.get('k8'));
  await second.close();
});
