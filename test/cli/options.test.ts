import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { UsageError } from '../../src/cli/command.ts';
import { readOptions } from '../../src/cli/options.ts';

const base = mkdtempSync(join(tmpdir(), 'weft-options-'));
test.after.always(() => rmSync(base, { recursive: true }));

let count = 0;
const stateWith = (config?: string): string => {
  const directory = join(base, String(++count));
  mkdirSync(directory);
  if (config !== undefined) writeFileSync(join(directory, 'config.yaml'), config);
  return directory;
};

test('what nobody says has a default', (t) => {
  const options = readOptions({}, { XDG_STATE_HOME: base });
  t.like(options, {
    mount: join(homedir(), 'weft'),
    listen: [`unix:${base}/weft/9p.sock`],
    logLevel: 'info',
    model: undefined,
    insecureTcp: undefined,
    examples: false,
  });
  t.is(options.state.directory, join(base, 'weft'));
  t.is(readOptions({}, { XDG_STATE_HOME: 'relative' }).state.directory, join(homedir(), '.local/state/weft'));
});

test('flags win over variables, variables over the file', (t) => {
  const state = stateWith('mount: ~/from-file\nlog-level: error\nmodel: file\nlisten: [unix:/a, unix:/b]\n');
  const env = { WEFT_STATE: state, WEFT_LOG_LEVEL: 'warn', WEFT_MODEL: 'variable/m', WEFT_LISTEN: 'unix:/c, unix:/d' };
  t.like(readOptions({}, { WEFT_STATE: state }), {
    mount: join(homedir(), 'from-file'),
    logLevel: 'error',
    model: 'file',
    listen: ['unix:/a', 'unix:/b'],
  });
  t.like(readOptions({}, env), { logLevel: 'warn', model: 'variable/m', listen: ['unix:/c', 'unix:/d'] });
  t.like(readOptions({ model: 'flag', listen: ['unix:/e'], mount: '/m' }, env), {
    logLevel: 'warn',
    model: 'flag',
    listen: ['unix:/e'],
    mount: '/m',
  });
});

test('no mount: by flag, by variable, by file', (t) => {
  t.is(readOptions({ mount: false }, { WEFT_STATE: stateWith(), WEFT_MOUNT: '/x' }).mount, undefined);
  t.is(readOptions({}, { WEFT_STATE: stateWith(), WEFT_MOUNT: 'none' }).mount, undefined);
  t.is(readOptions({}, { WEFT_STATE: stateWith('mount: false') }).mount, undefined);
});

test('insecure TCP is observer unless said', (t) => {
  const env = { WEFT_STATE: stateWith() };
  t.is(readOptions({ insecureTcp: true }, env).insecureTcp, 'observer');
  t.is(readOptions({ insecureTcp: 'operator' }, env).insecureTcp, 'operator');
  t.is(readOptions({}, { WEFT_STATE: stateWith('insecure-tcp: false') }).insecureTcp, undefined);
});

test('a mistake in a flag is a usage error', (t) => {
  const env = { WEFT_STATE: stateWith() };
  for (const flags of [
    { logLevel: 'loud' },
    { driver: 'x' },
    { insecureTcp: 'root' },
    { model: '/x' },
    { mount: '' },
    { listen: [''] },
    { listen: ['tcp:x:99999'] },
  ])
    t.throws(() => readOptions(flags, env), { instanceOf: UsageError });
});

test('a mistake in a variable or the file is EINVAL and names it', (t) => {
  t.throws(() => readOptions({}, { WEFT_STATE: stateWith(), WEFT_EXAMPLES: 'constructor' }), { code: 'EINVAL' });
  t.throws(() => readOptions({}, { WEFT_STATE: stateWith(), WEFT_DRIVER: 'x' }), {
    code: 'EINVAL',
    message: /WEFT_DRIVER/,
  });
  for (const config of [
    'nonsense: 1',
    '- list',
    'just text',
    'log-level: 3',
    'listen: []',
    'listen: ftp:x',
    'a: [',
    'model: ""',
    'mount: [1]',
  ])
    t.like(
      t.throws(() => readOptions({}, { WEFT_STATE: stateWith(config) }), { code: 'EINVAL' }),
      { path: join(base, String(count), 'config.yaml') },
    );
  t.throws(() => readOptions({}, { WEFT_STATE: stateWith('logLevel: warn') }), { message: /log-level/ });
  const overridden = { WEFT_STATE: stateWith('mount: [1]'), WEFT_LOG_LEVEL: 'info' };
  t.throws(
    () => readOptions({ mount: false }, overridden),
    { code: 'EINVAL', message: /mount/ },
    'also what a flag overrides',
  );
});

test('an empty file and an empty variable say nothing', (t) => {
  t.is(readOptions({}, { WEFT_STATE: stateWith(''), WEFT_MODEL: '' }).model, undefined);
});
