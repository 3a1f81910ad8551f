import fs from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { frozen } from '../../src/files/frozen.ts';
import { host } from '../../src/files/host.ts';
import { O_RDONLY, O_RDWR, O_TRUNC } from '../../src/kernel/mode.ts';
import type { Dir, File, Link } from '../../src/kernel/node.ts';
import { Request } from '../../src/kernel/request.ts';
import { operator } from '../../src/kernel/subject.ts';
import { temporary } from '../support/temporary.ts';

const request = new Request(operator);

test('what is frozen can be read and nothing else', async (t) => {
  const path = temporary(t);
  fs.mkdirSync(join(path, 'sub'));
  fs.writeFileSync(join(path, 'sub/file'), 'text', { mode: 0o664 });
  fs.symlinkSync('/etc/passwd', join(path, 'link'));
  const made = host(path);
  t.teardown(() => made.close());
  const dir = frozen(made);
  t.is((await dir.stat(request)).mode & 0o222, 0);
  t.deepEqual([...(await dir.list(request))].map(({ name }) => name).sort(), ['link', 'sub']);
  const sub = (await dir.lookup('sub', request)) as Dir;
  t.is(await dir.lookup('sub', request), sub);
  for (const verb of [
    'create',
    'mkdir',
    'remove',
    'rename',
    'link',
    'symlink',
    'mknod',
    'setattr',
    'setxattr',
  ] as const) {
    t.false(verb in sub, verb);
  }
  const file = (await sub.lookup('file', request)) as File;
  t.is((await file.stat(request)).mode, 0o100444);
  for (const flags of [O_RDWR, O_RDONLY | O_TRUNC]) t.throws(() => file.open(flags, request), { code: 'EACCES' });
  const handle = await file.open(O_RDONLY, request);
  t.is(Buffer.from(await handle.read!(0, 10, request)).toString(), 'text');
  t.false('write' in handle);
  handle.close?.();
  t.is(await ((await dir.lookup('link', request)) as Link).target(request), '/etc/passwd');
  t.is(await dir.lookup('nothing', request), undefined);
});
