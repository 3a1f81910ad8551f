import { Errno } from '../kernel/errno.ts';

/** The registered port of 9P is 564; 5640 is the one an ordinary user may listen on, and ours. */
const PORT = 5640;
/** sun_path of unix(7) without its NUL. */
const PATH_MAX = 107;

export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'tls'; readonly host: string; readonly port: number }
  | { readonly kind: 'ssh'; readonly host: string };

const bad = (text: string, why: string): Errno => new Errno('EINVAL', `${text}: ${why}`);

const portOf = (text: string, word: string): number => {
  // The two names Plan 9's ndb and /etc/services give.
  const port = word === '9fs' || word === '9pfs' ? 564 : /^\d{1,5}$/.test(word) ? Number(word) : 0;
  if (port < 1 || port > 65535) throw bad(text, `no port: ${word}`);
  return port;
};

const unix = (text: string, path: string): Address => {
  if (path === '') throw bad(text, 'a path is missing');
  if (path.includes('\0')) throw bad(text, 'a path holds no NUL');
  if (Buffer.byteLength(path) > PATH_MAX) {
    throw new Errno('ENAMETOOLONG', `${text}: the path of a unix socket has at most ${PATH_MAX} bytes`);
  }
  return { kind: 'unix', path };
};

const network = (text: string, kind: 'tcp' | 'tls', rest: string): Address => {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::([^:]*))?$/.exec(rest) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || host === '') throw bad(text, 'a host is missing');
  return { kind, host, port: port === undefined ? PORT : portOf(text, port) };
};

/**
 * `unix:PATH`, `tcp:HOST[:PORT]`, `tls:HOST[:PORT]`, `ssh:HOST`, and Plan 9's dial strings `tcp!HOST[!PORT]`, `unix!PATH`.
 * A bare path is a unix socket. An IPv6 host stands in brackets. EINVAL.
 */
export const parseAddress = (text: string): Address => {
  if (text.startsWith('/') || text.startsWith('./')) return unix(text, text);
  const [, kind = '', mark = '', rest = ''] = /^([a-z]+)([:!])(.*)$/s.exec(text) ?? [];
  if (kind === 'unix') return unix(text, rest);
  if (kind === 'ssh' && mark === ':') {
    if (rest === '') throw bad(text, 'a host is missing');
    return { kind, host: rest };
  }
  if (kind !== 'tcp' && kind !== 'tls')
    throw bad(text, 'an address is unix:PATH, tcp:HOST:PORT, tls:HOST:PORT or ssh:HOST');
  if (mark === ':') return network(text, kind, rest);
  const [host = '', port, ...more] = rest.split('!');
  if (host === '' || more.length > 0) throw bad(text, `a dial string is ${kind}!HOST!PORT`);
  return { kind, host, port: port === undefined ? PORT : portOf(text, port) };
};

/** The form with colons, which `parseAddress` reads back. */
export const formatAddress = (address: Address): string => {
  if (address.kind === 'unix') return `unix:${address.path}`;
  if (address.kind === 'ssh') return `ssh:${address.host}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${address.kind}:${host}:${address.port}`;
};
