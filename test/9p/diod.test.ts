import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import test from 'ava';
import { serve } from './tree.ts';

/** diod's client tools are an independent 9P2000.L client; Debian's package `diod` has them. */
const tool = (name: string): string | undefined =>
  ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin'].map((folder) => `${folder}/${name}`).find(existsSync);

const cat = tool('diodcat');
const ls = tool('diodls');
const present = cat !== undefined && ls !== undefined;

const run = (program: string, args: string[]): Promise<{ code: number; out: Buffer; err: string }> =>
  new Promise((resolve) => {
    execFile(program, args, { encoding: 'buffer', maxBuffer: 1 << 26, timeout: 20_000 }, (error, out, err) => {
      const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
      resolve({ code, out, err: err.toString() });
    });
  });

if (!present && process.env.CI === 'true') {
  test("diod's tools are installed", (t) => {
    t.fail('diodcat and diodls are missing; install the package diod');
  });
}

const check = present ? test : test.skip;

check("diod's tools list and read", async (t) => {
  const served = await serve({ tcp: true });
  try {
    const { address } = served.listener;
    if (address.kind !== 'tcp') throw new Error('TCP was asked for');
    const at = ['-s', `127.0.0.1:${address.port}`, '-a', '/'];

    const listing = await run(ls!, [...at, '-l']);
    t.is(listing.code, 0, listing.err);
    t.regex(listing.out.toString(), /^-r--r--r--\S* .* 13 .* hello$/m);
    t.regex(listing.out.toString(), /^drwxr-xr-x\S* .* dir$/m);

    const many = await run(ls!, [...at, 'many']);
    t.is(
      many.out
        .toString()
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('entry-')).length,
      300,
    );

    t.is((await run(cat!, [...at, 'hello'])).out.toString(), 'hello, world\n');
    t.is((await run(cat!, [...at, 'away/inner'])).out.toString(), 'inner\n');
    t.is((await run(cat!, [...at, 'link'])).out.toString(), 'inner\n');
    const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    t.is(sum((await run(cat!, [...at, 'big'])).out), sum(served.big.content));

    const missing = await run(cat!, [...at, 'nothing']);
    t.not(missing.code, 0);
    t.regex(missing.err, /No such file/);
    t.not((await run(cat!, ['-s', `127.0.0.1:${address.port}`, '-a', '/nowhere', 'hello'])).code, 0);
    t.deepEqual(served.failures, []);
  } finally {
    await served.close();
  }
});
