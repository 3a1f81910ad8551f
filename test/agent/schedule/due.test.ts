import test from 'ava';
import { DueQueue } from '../../../src/agent/schedule/due.ts';
import { dueKey, type Due } from '../../../src/agent/keys.ts';
import { ManualClock } from '../../../src/drivers/clock/manual.ts';
import { MemoryStore } from '../../../src/drivers/store/memory.ts';
import { del, put } from '../../../src/drivers/store/store.ts';

const idle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => void setImmediate(resolve));
};

const made = (fails: (due: Due) => boolean = () => false) => {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const fired: string[] = [];
  const failures: unknown[] = [];
  const queue = new DueQueue({
    store,
    clock,
    fire: async (due) => {
      if (fails(due)) throw new Error(due.name);
      fired.push(due.name);
      await store.batch([del(dueKey(due))]);
    },
    room: async () => undefined,
    failed: (error) => failures.push(error),
  });
  const add = async (name: string, time: number): Promise<void> => {
    await store.batch([put(dueKey({ time, agent: 1, name }), Buffer.alloc(0))]);
    queue.at(time);
  };
  return { clock, queue, fired, failures, add };
};

test('in the order of their times, with one timer for all', async (t) => {
  const { clock, queue, fired, add } = made();
  const start = clock.now();
  queue.start();
  await idle();
  for (const [name, ms] of [
    ['c', 3_000],
    ['a', 1_000],
    ['b', 2_000],
  ] as const)
    await add(name, start + ms);
  await idle();
  t.is(clock.timers, 1);
  for (let second = 0; second < 3; second++) {
    clock.advance(1_000);
    await idle();
  }
  t.deepEqual(fired, ['a', 'b', 'c']);
  t.is(clock.timers, 0);
});

test('what fails rests 1 s, 10 s, 60 s, and holds up nobody', async (t) => {
  let broken = true;
  const { clock, queue, fired, failures, add } = made(({ name }) => broken && name.startsWith('bad'));
  const start = clock.now();
  for (let n = 0; n < 300; n++) await add(`bad${n}`, start);
  await add('good', start);
  queue.start();
  await idle();
  t.deepEqual(fired, ['good']);
  t.is(failures.length, 300);
  for (const [wait, count] of [
    [999, 300],
    [1, 600],
    [9_999, 600],
    [1, 900],
  ] as const) {
    clock.advance(wait);
    await idle();
    t.is(failures.length, count);
  }
  broken = false;
  clock.advance(60_000);
  await idle();
  t.is(fired.length, 301);
  t.is(clock.timers, 0);
});

test('a wall clock that is set forward is noticed within a minute', async (t) => {
  const { clock, queue, fired, add } = made();
  queue.start();
  await idle();
  await add('later', clock.now() + 24 * 3_600_000);
  clock.set(clock.now() + 48 * 3_600_000);
  clock.advance(60_000);
  await idle();
  t.deepEqual(fired, ['later']);
});

test('nothing fires once it is stopped', async (t) => {
  const { clock, queue, fired, add } = made();
  queue.start();
  await add('a', clock.now() + 1_000);
  await queue.stop();
  clock.advance(1_000);
  await idle();
  t.deepEqual(fired, []);
  t.is(clock.timers, 0);
});
