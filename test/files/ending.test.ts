import test from 'ava';
import { Ending } from '../../src/files/ending.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { O_NONBLOCK } from '../../src/kernel/mode.ts';
import { drain } from '../conformance/client.ts';
import { clientOn, shelf } from '../support/shelf.ts';
import { world as newWorld } from '../support/world.ts';

const made = async () => {
  const world = newWorld();
  let end: { text: string } | { error: Errno } | undefined;
  let tell = (): void => undefined;
  const changed = new Promise<void>((resolve) => (tell = resolve));
  const peek = (): string | undefined => {
    if (end && 'error' in end) throw end.error;
    return end?.text;
  };
  const node = new Ending(world, {
    peek,
    wait: async () => {
      await changed;
      return peek()!;
    },
  });
  const ends = (how: NonNullable<typeof end>): void => {
    end = how;
    tell();
  };
  return { ends, client: await clientOn(shelf(world, { result: ['text', node] })) };
};

test('before its end a read waits, after it there is a text with a size', async (t) => {
  const { ends, client } = await made();
  const early = await client.open('/result', 0);
  t.is((await client.stat('/result')).size, 0);
  const reading = drain(early);
  ends({ text: 'done\n' });
  t.is(await reading, 'done\n');
  await early.close();
  t.is((await client.stat('/result')).size, 5);
  const late = await client.open('/result', 0);
  t.is((await late.read(2)).toString(), 'do');
  t.is(await drain(late), 'ne\n');
  await late.close();
});

test('who must not wait gets EAGAIN; where it never comes, readers are told why', async (t) => {
  const { ends, client } = await made();
  const file = await client.open('/result', O_NONBLOCK);
  await t.throwsAsync(file.read(1), { code: 'EAGAIN' });
  await file.close();
  const early = await client.open('/result', 0);
  const reading = t.throwsAsync(drain(early), { code: 'ECANCELED' });
  ends({ error: new Errno('ECANCELED') });
  await reading;
  await early.close();
  const late = await client.open('/result', 0);
  await t.throwsAsync(drain(late), { code: 'ECANCELED' });
  await late.close();
});
