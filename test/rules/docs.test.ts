import test from 'ava';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { agentRows, rootRows } from '../../src/devices/index.ts';
import { helpText, paths } from '../../src/devices/help.ts';
import { isCode, numberOf } from '../../src/kernel/errno.ts';
import { tree } from '../support/tree.ts';
import { textOf, top, tracked } from './sources.ts';

// What the pages say of names, kinds, rights, commands, packages and codes is what the program has.

const page = (path: string): string => textOf(`docs/${path}`);
const pages = tracked('docs/files/*.md').map((path) => basename(path));

/** The cells of the rows of every table under a heading, or of the whole page; code marks are taken off. */
const cells = (text: string): string[][] =>
  [...text.matchAll(/^\| (.*) \|$/gm)]
    .map(([, row]) => row!.split(' | ').map((cell) => cell.replaceAll('`', '').trim()))
    .filter(([first]) => !/^-+$/.test(first!));

const section = (text: string, heading: string): string => {
  const start = text.indexOf(`\n## ${heading}\n`);
  const end = text.indexOf('\n## ', start + 1);
  return text.slice(start, end < 0 ? undefined : end);
};

const rows = paths(rootRows);

/** The page of a path: its last name, in lower case; twins for programs and names that come and go are on another's. */
const pageOf = (path: string): string => {
  const names = path.split('/').filter(Boolean);
  const name = names.at(-1)!;
  if (['NAME', 'ID', 'N', 'K', 'N.json'].includes(name) || name.endsWith('.md'))
    return pageOf(names.slice(0, -1).join('/'));
  return name.replace(/\.json$/, '').toLowerCase();
};

test('tree.md has the tables of the program, name by name', (t) => {
  const text = page('tree.md');
  const root = paths(rootRows).filter(([path]) => !path.startsWith('agents/NAME/') || path === 'agents/NAME/');
  const expected = (found: typeof root): string[][] =>
    found.map(([path, { kind, agent, observer, says }]) => [path, kind, agent, observer, says]);
  t.deepEqual(cells(section(text, 'The root')).slice(1), expected(root));
  t.deepEqual(cells(section(text, "An agent's directory")).slice(1), expected(paths(agentRows)));
});

test('every name has a page, and every page a name', (t) => {
  const wanted = new Set(rows.map(([path]) => `${pageOf(path)}.md`));
  t.deepEqual(pages.toSorted(), [...wanted].toSorted());
});

for (const file of pages) {
  test(`docs/files/${file}: fixed headings, and the lines of help`, (t) => {
    const text = page(`files/${file}`);
    const name = file.replace(/\.md$/, '');
    t.is(text.split('\n')[0], `# ${name}`);
    t.deepEqual(
      [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading),
      ['NAME', 'KIND', 'READ', 'WRITE', 'ERRORS', 'EXAMPLE', 'LIMITS'],
    );
    const own = rows.filter(([path]) => pageOf(path) === name);
    const line = (text: string): string => text.replace(/ {2,}/g, '  ');
    const lines = helpText(rootRows)
      .split('\n')
      .filter((text) => own.some(([path]) => text.startsWith(`${path} `)));
    t.deepEqual(section(text, 'NAME').trim().split('\n').slice(3, -1).map(line), lines.map(line));
    for (const [, { kind }] of own) t.true(section(text, 'KIND').includes(`\`${kind}\``), kind);
  });
}

test('the commands of ctl are those that a read shows', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  const shown = async (path: string): Promise<string[][]> =>
    (await shell.lines(path)).map((line) => line.split(/ {2,}/));
  const [root, agent] = section(page('files/ctl.md'), 'WRITE').split('In an agent:');
  t.deepEqual(cells(root!).slice(1), await shown('/ctl'));
  t.deepEqual(cells(agent!).slice(1), await shown('/agents/ada/ctl'));
});

test('the keys of status, and the columns of index, are those that a read shows', async (t) => {
  const { attach } = await tree(t);
  const shell = attach();
  const text = section(page('files/status.md'), 'READ');
  const [root, agent] = text.split('Of an agent:');
  for (const [part, path] of [
    [root!, '/status.json'],
    [agent!, '/agents/ada/status.json'],
  ] as const) {
    const keys = Object.keys(JSON.parse(await shell.cat(path)) as object);
    const told = [...part.matchAll(/`(\w+)`/g)].map(([, key]) => key!);
    t.deepEqual(
      told.filter((word) => keys.includes(word)),
      keys,
      path,
    );
  }
  const columns = (await shell.lines('/index'))[0]!.split('\t');
  const told = section(page('files/index.md'), 'READ');
  t.deepEqual(
    [...told.matchAll(/`(\w+)`/g)].map(([, column]) => column),
    columns,
  );
});

test('errors.md has every code that is thrown, with its number', (t) => {
  const told = new Map(cells(page('errors.md')).map(([code, number]) => [code!, number]));
  const thrown = new Set<string>();
  for (const file of tracked('src/**/*.ts'))
    for (const [, code] of textOf(file).matchAll(/new (?:Errno|ModelError)\('(E[A-Z0-9]+)'/g)) thrown.add(code!);
  t.true(thrown.size > 20);
  for (const code of thrown) t.true(isCode(code) && told.get(code) === String(numberOf(code)), code);
  for (const code of told.keys()) if (/^E[A-Z0-9]{2,}$/.test(code)) t.true(isCode(code), code);
});

test('architecture.md says of every package what it is for', (t) => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(textOf('package.json')) as Record<
    string,
    Record<string, string>
  >;
  const packages = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
  const told = cells(section(page('architecture.md'), 'Packages'))
    .slice(1)
    .map(([name]) => name!);
  t.deepEqual(told.toSorted(), packages.toSorted());
});

test('links between pages lead to files', (t) => {
  for (const file of tracked('docs/**/*.md')) {
    for (const [, target] of textOf(file).matchAll(/\]\((?!https?:)([^)#\s]+)/g)) {
      t.true(existsSync(join(top, dirname(file), target!)), `${file}: ${target!}`);
    }
  }
});
