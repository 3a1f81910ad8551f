import test from 'ava';
import { Once } from '../../src/files/once.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { drain } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { world as newWorld } from '../support/world.ts';

test('a value until it is published, a text from then on; of two writers the first counts', async (t) => {
  const world = newWorld();
  let content: Uint8Array | undefined;
  const node = new Once(world, {
    limit: 100,
    content: () => content,
    stage: (bytes) => {
      if (content) throw new Errno('EEXIST', 'it is written');
      const staged = Uint8Array.from(bytes);
      return {
        publish: () => {
          content = staged;
          return undefined;
        },
        drop: () => undefined,
      };
    },
  });
  const client = await clientOn(shelf(world, { request: ['value', node] }));
  t.is((await client.stat('/request')).mode & 0o777, 0o644);
  const first = await client.open('/request', O_WRONLY | O_TRUNC);
  const second = await client.open('/request', O_WRONLY | O_TRUNC);
  await first.write('one');
  await first.close();
  await second.write('two');
  await t.throwsAsync(second.close(), { code: 'EEXIST' });
  t.is((await client.stat('/request')).mode & 0o777, 0o444);
  t.is((await client.stat('/request')).size, 3);
  const reading = await client.open('/request', 0);
  t.is(await drain(reading), 'one');
  await reading.close();
  await t.throwsAsync(client.open('/request', O_WRONLY), { code: 'EACCES' });
});
