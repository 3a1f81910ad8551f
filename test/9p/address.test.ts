import test from 'ava';
import { formatAddress, parseAddress } from '../../src/9p/address.ts';

for (const [text, form] of [
  ['unix:/run/9p.sock', 'unix:/run/9p.sock'],
  ['/run/9p.sock', 'unix:/run/9p.sock'],
  ['unix!/srv/ada', 'unix:/srv/ada'],
  ['unix:with space:and colon', 'unix:with space:and colon'],
  ['tcp:host:1234', 'tcp:host:1234'],
  ['tcp:host', 'tcp:host:5640'],
  ['tcp:[::1]:5641', 'tcp:[::1]:5641'],
  ['tcp:[::1]', 'tcp:[::1]:5640'],
  ['tcp!127.0.0.1!564', 'tcp:127.0.0.1:564'],
  ['tcp!host!9fs', 'tcp:host:564'],
  ['tcp!host', 'tcp:host:5640'],
  ['tcp!::1!5640', 'tcp:[::1]:5640'],
  ['tls:host:443', 'tls:host:443'],
  ['ssh:ada@host', 'ssh:ada@host'],
] as const) {
  test(text, (t) => {
    const address = parseAddress(text);
    t.is(formatAddress(address), form);
    t.deepEqual(parseAddress(form), address);
  });
}

for (const text of [
  '',
  'unix:',
  'tcp:',
  'tcp::5640',
  'tcp:h:0',
  'tcp:h:65536',
  'tcp:h:x',
  'tcp:h:1:2',
  'tcp!h!1!2',
  'udp:h:1',
  'host',
  'ssh:',
]) {
  test(`'${text}' is no address`, (t) => {
    t.throws(() => parseAddress(text), { code: 'EINVAL' });
  });
}

test('the path of a unix socket has at most 107 bytes', (t) => {
  t.notThrows(() => parseAddress(`unix:/${'x'.repeat(106)}`));
  t.throws(() => parseAddress(`unix:/${'x'.repeat(107)}`), { code: 'ENAMETOOLONG' });
});
