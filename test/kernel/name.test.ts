import test from 'ava';
import { checkName, nameBytes, nameText } from '../../src/kernel/name.ts';

test('names are one component of at most 255 bytes', (t) => {
  for (const name of ['a', '...', 'n'.repeat(255), 'é'.repeat(127), '\udcff'.repeat(255), '😀'.repeat(63)]) {
    t.notThrows(() => checkName(name), name);
  }
  for (const name of ['', '.', '..', 'a/b', '/', 'a\0']) t.throws(() => checkName(name), { code: 'EINVAL' });
  for (const name of ['n'.repeat(256), 'é'.repeat(128), '\udcff'.repeat(256), '😀'.repeat(64)]) {
    t.throws(() => checkName(name), { code: 'ENAMETOOLONG' });
  }
});

test('any bytes are a name and the same bytes again', (t) => {
  const samples = [
    '',
    'plain',
    'é😀',
    '\ufffd',
    'ff',
    'c3',
    'c3a9ff',
    'e282',
    'e282ac',
    'eda080',
    'f09f9880',
    'f0808080',
    'c080',
    'f4908080',
  ];
  for (const sample of samples) {
    const bytes = /^([0-9a-f]{2})+$/.test(sample) ? Buffer.from(sample, 'hex') : Buffer.from(sample);
    t.deepEqual(nameBytes(nameText(bytes)), bytes, sample);
  }
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      const bytes = Buffer.of(0x61, first, second, 0xc3, 0xa9);
      if (!nameBytes(nameText(bytes)).equals(bytes)) t.fail(bytes.toString('hex'));
    }
  }
  t.is(nameText(Buffer.from('é')), 'é');
  t.is(nameText(Buffer.of(0xff)), '\udcff');
});
