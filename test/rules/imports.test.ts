import { basename, dirname } from 'node:path';
import test from 'ava';
import { importsOf, tracked } from './sources.ts';

const modules = tracked('src/**/*.ts');

/** The interface of a driver is the file named after its folder; what stands here is part of one. */
const partOfInterface = ['src/drivers/store/schema.ts'];

const isInterface = (path: string): boolean =>
  (path.startsWith('src/drivers/') && basename(path) === `${basename(dirname(path))}.ts`) ||
  partOfInterface.includes(path);

const within = (...folders: string[]) => {
  return (path: string): boolean => folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
};

/** What the domain may know of the kernel: how things fail, who acts, how names are spelt. No node, no session. */
const words = within(
  'src/kernel/errno.ts',
  'src/kernel/subject.ts',
  'src/kernel/soon.ts',
  'src/kernel/until.ts',
  'src/kernel/name.ts',
  'src/kernel/login.ts',
  'src/kernel/utf8.ts',
);

/** Which imports each layer may have besides those of its own folder, from the top of docs/architecture.md downwards. */
const layers: readonly { of: RegExp; may: (path: string, from: string) => boolean; says: string }[] = [
  { of: /^src\/kernel\//, may: () => false, says: 'the kernel imports nothing above it' },
  { of: /^src\/native\//, may: words, says: 'system calls know errors only' },
  { of: /^src\/9p\//, may: within('src/kernel'), says: '9p -> kernel' },
  { of: /^src\/fuse\//, may: within('src/kernel', 'src/native'), says: 'fuse -> kernel, native' },
  {
    of: /^src\/files\/host(\/|\.ts$)/,
    may: within('src/kernel', 'src/native'),
    says: 'the host kind -> kernel, native',
  },
  { of: /^src\/files\//, may: within('src/kernel'), says: 'files -> kernel' },
  {
    of: /^src\/(agent|weave)\//,
    may: (path) => words(path) || within('src/agent', 'src/weave')(path) || isInterface(path),
    says: 'agent -> interfaces of drivers',
  },
  {
    of: /^src\/devices\//,
    may: (path) => within('src/files', 'src/kernel', 'src/agent', 'src/weave')(path) || isInterface(path),
    says: 'devices -> files, kernel, agent',
  },
  {
    of: /^src\/drivers\//,
    may: (path, from) => words(path) || dirname(path) === dirname(from) || isInterface(path),
    says: 'a driver knows its own interface, and other interfaces',
  },
];

/** Those at the top: they put everything together. */
const tops = /^src\/(main|compose|views|works|examples|package)\.ts$|^src\/cli\//;

test('imports go downwards only', (t) => {
  for (const path of modules) {
    if (tops.test(path)) continue;
    const layer = layers.find(({ of }) => of.test(path));
    if (!layer) {
      t.fail(`${path} is in no layer`);
      continue;
    }
    const own = path.split('/').slice(0, 2).join('/');
    for (const imported of importsOf(path).files) {
      const inside = own !== 'src/drivers' && imported.startsWith(`${own}/`);
      if (!inside && !layer.may(imported, path)) t.fail(`${path} imports ${imported}: ${layer.says}`);
    }
  }
  t.pass();
});

test('nothing but the host kind leaves files/ for native/', (t) => {
  for (const path of modules.filter((path) => path.startsWith('src/files/'))) {
    if (/^src\/files\/host(\/|\.ts$)/.test(path)) continue;
    for (const imported of importsOf(path).files) t.false(within('src/native', 'src/files/host')(imported), path);
  }
  t.pass();
});

test('only the composition knows implementations of drivers', (t) => {
  for (const path of modules) {
    if (tops.test(path)) continue;
    for (const imported of importsOf(path).files) {
      if (!imported.startsWith('src/drivers/') || isInterface(imported)) continue;
      t.is(dirname(imported), dirname(path), `${path} imports the implementation ${imported}`);
    }
  }
  t.pass();
});

test('a package is imported by one file or one folder, and not by kernel, files, devices or agent', (t) => {
  const importers = new Map<string, Set<string>>();
  for (const path of modules) {
    for (const name of importsOf(path).packages) {
      t.notRegex(path, /^src\/(kernel|files|devices|agent|weave)\//, `${path} imports ${name}`);
      importers.set(name, (importers.get(name) ?? new Set()).add(dirname(path)));
    }
  }
  for (const [name, folders] of importers) t.is(folders.size, 1, `${name} is imported in ${[...folders].join(', ')}`);
});

test('a package that is imported is a dependency, and the other way round', async (t) => {
  const manifest = (await import('../../package.json', { with: { type: 'json' } })).default as unknown as {
    dependencies: Record<string, string>;
    optionalDependencies?: Record<string, string>;
  };
  const declared = Object.keys(manifest.dependencies);
  const imported = new Set(modules.flatMap((path) => importsOf(path).packages));
  // The adapter for hosts without /dev/fuse loads it by name where it is there (docs/architecture.md).
  const optional = new Set(Object.keys(manifest.optionalDependencies ?? {}));
  t.deepEqual(
    [...imported].filter((name) => !declared.includes(name) && !optional.has(name)),
    [],
  );
  t.deepEqual(
    declared.filter((name) => !imported.has(name)),
    [],
  );
});

test('imports name files, with their ending', (t) => {
  const known = new Set(tracked('**/*.ts', '**/*.json', '**/*.mjs', '**/*.js'));
  for (const path of tracked('src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts')) {
    for (const imported of importsOf(path).files) t.true(known.has(imported), `${path} imports ${imported}`);
  }
});
