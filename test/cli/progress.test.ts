import test from 'ava';
import { Progress } from '../../src/cli/progress.ts';

const output = (isTTY: boolean) => {
  const written: string[] = [];
  return { isTTY, written, write: (text: string) => written.push(text) };
};

test('on a terminal it is in place, ten times a second, and gone before anything else is printed', (t) => {
  let now = 0;
  const terminal = output(true);
  const progress = new Progress(terminal, () => now);
  for (; now < 1_000; now += 10) progress.show(() => String(now));
  t.is(terminal.written.length, 9);
  t.is(terminal.written[0], '\r100\u001b[K');
  progress.clear();
  progress.clear();
  t.is(terminal.written.at(-1), '\r\u001b[K');
  t.is(terminal.written.length, 10);
});

test('elsewhere it is a line every ten seconds, and nothing for what is over soon', (t) => {
  let now = 0;
  const file = output(false);
  const progress = new Progress(file, () => now);
  for (; now < 25_000; now += 500) progress.show(() => String(now));
  progress.clear();
  t.deepEqual(file.written, ['weft: 10000\n', 'weft: 20000\n']);
});
