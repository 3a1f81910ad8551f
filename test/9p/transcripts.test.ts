import { readFileSync, readdirSync } from 'node:fs';
import test from 'ava';
import { converse } from './transcript.ts';
import { serve } from './tree.ts';

const folder = new URL('../../fixtures/9p/', import.meta.url);

for (const name of readdirSync(folder).filter((file) => file.endsWith('.txt'))) {
  test(name.replace('.txt', ''), async (t) => {
    const served = await serve();
    try {
      await t.notThrowsAsync(converse(readFileSync(new URL(name, folder), 'utf8'), served));
      t.deepEqual(served.failures, []);
    } finally {
      await served.close();
    }
  });
}
