import test from 'ava';
import { textOf, tracked } from './sources.ts';

const texts = tracked().filter((path) => !/\.(bin|png|gz|lock)$|^LICENSE$|^package-lock\.json$/.test(path));

/** Spelt with a class of one letter, so that this file is not its own finding. */
const rules: readonly { is: RegExp; why: string }[] = [
  { is: /\/[w]ork\/(main|wt|ext|shared|\.library|\.mirror)\b/, why: 'a path of one machine' },
  { is: /\.\.\/[s]hared\b/, why: 'a path beside the project' },
  { is: /[r]egistry\.npmjs|[n]pm\.pkg\.github/, why: 'the host of a registry' },
  { is: /[C]o-[Aa]uthored-[Bb]y|[G]enerated (with|by) (an? )?(AI|LLM|Claude|Copilot|ChatGPT)/, why: 'authorship' },
  { is: /^(<{7} |={7}$|>{7} )/m, why: 'what a merge left' },
  { is: /\b([T]ODO|[F]IXME|[X]XX|[H]ACK)\b/, why: 'unfinished' },
];

test('no text speaks of the machine, or of how it was made', (t) => {
  for (const path of texts) {
    const text = textOf(path);
    for (const { is, why } of rules) {
      const found = is.exec(text);
      if (found) t.fail(`${path}: ${why}: ${found[0]}`);
    }
  }
  t.pass();
});

test('source text is UTF-8 with newlines, ends with one, and has no tabs or trailing blanks', (t) => {
  for (const path of texts.filter((path) => /\.(ts|mjs|js|md|ns|json)$/.test(path))) {
    const text = textOf(path);
    if (text === '') continue;
    t.false(text.includes('\uFFFD') && !path.includes('test/'), `${path} is no UTF-8`);
    t.false(text.includes('\r'), `${path} has carriage returns`);
    t.true(text.endsWith('\n'), `${path} does not end with a newline`);
    t.notRegex(text, /[ \t]+$/m, `${path} has trailing blanks`);
  }
});

test('no switched-off checks, skipped or lonely tests', (t) => {
  const off = /[e]slint-disable|@ts-(?:[i]gnore|[n]ocheck)|\btest\.(?:[o]nly|[f]ailing|[t]odo)\b/;
  for (const path of tracked('src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts')) {
    const found = off.exec(textOf(path));
    if (found) t.fail(`${path}: ${found[0]}`);
  }
  t.pass();
});

test('the kernel, the kinds of file and the agents read no clock and no randomness of their own', (t) => {
  const own = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/;
  for (const path of tracked('src/kernel/**/*.ts', 'src/files/*.ts', 'src/devices/**/*.ts', 'src/agent/**/*.ts')) {
    const found = own.exec(textOf(path));
    if (found) t.fail(`${path}: ${found[0]} and not the clock driver`);
  }
  t.pass();
});
