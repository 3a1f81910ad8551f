import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { operator } from '../src/kernel/subject.ts';
import { Works } from '../src/works.ts';
import { world } from './agent/support.ts';

test('what a crash left of removed agents is tidied up; what cannot be is told, and the others still are', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'weft-works-'));
  t.teardown(() => rmSync(base, { recursive: true }));
  const { agents } = await world(t);
  await agents.define('bob', operator);
  await agents.define('cyd', operator);
  const archived = [await agents.archive('bob', operator), await agents.archive('cyd', operator)];
  for (const name of ['ada', 'bob', 'cyd', 'zoe@2020']) {
    mkdirSync(join(base, name));
    writeFileSync(join(base, name, 'file'), '');
  }
  // Where bob's must go stands something that cannot be replaced.
  mkdirSync(join(base, archived[0]!));
  writeFileSync(join(base, archived[0]!, 'other'), '');
  const failed: string[] = [];
  const checkpoints = join(base, 'checkpoints');
  mkdirSync(join(checkpoints, '00000001', 'm1'), { recursive: true });
  mkdirSync(join(checkpoints, '00000099', 'm1'), { recursive: true });
  await new Works({ work: base, checkpoints, failed: (name) => failed.push(name) }).sweep(agents);
  t.deepEqual(readdirSync(checkpoints), ['00000001']);
  t.deepEqual(failed, ['bob']);
  t.deepEqual(
    ['ada/file', 'bob/file', `${archived[1]}/file`, 'zoe@2020'].map((path) => existsSync(join(base, path))),
    [true, true, true, false],
  );
});
