import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Errno } from '../kernel/errno.ts';
import { makeDirectories } from './directories.ts';

/** Everything the server keeps lies in one directory; these are its parts, as absolute paths. */
export interface State {
  readonly directory: string;
  readonly db: string;
  readonly door: string;
  readonly work: string;
  readonly checkpoints: string;
  readonly keys: string;
  readonly socket: string;
  readonly server: string;
  readonly log: string;
  readonly config: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** `$XDG_STATE_HOME/weft` or `~/.local/state/weft`; by the XDG specification a relative path there does not count. */
const defaultState = (env: Environment): string => {
  const base = env['XDG_STATE_HOME'];
  return join(base?.startsWith('/') ? base : join(homedir(), '.local', 'state'), 'weft');
};

export const stateAt = (path: string): State => {
  const directory = resolve(path);
  const part = (name: string): string => join(directory, name);
  return {
    directory,
    db: part('db'),
    door: part('door'),
    work: part('work'),
    checkpoints: part('checkpoints'),
    keys: part('keys'),
    socket: part('9p.sock'),
    server: part('server.json'),
    log: part('server.log'),
    config: part('config.yaml'),
  };
};

/** The state directory a command without --state means. */
export const stateOf = (flag: string | undefined, env: Environment): State =>
  stateAt(flag ?? (env['WEFT_STATE'] || defaultState(env)));

const PRIVATE = 0o700;

/** Everything a server leaves there; a file system of its own has lost+found. */
const part = /^(db|door|work|checkpoints|keys|9p\.sock|server\.json|server\.log|config\.yaml|lost\+found)(\..*)?$/;

/** Empty, or a server's: nothing else is in it, or a store that one made. */
const isOurs = ({ directory, db }: State): boolean =>
  readdirSync(directory).every((name) => part.test(name)) || existsSync(join(db, 'CURRENT'));

/** Makes the directory, private to its user. One that holds something else, given by mistake, is refused and not touched. */
export const prepare = (state: State): void => {
  const { directory } = state;
  try {
    makeDirectories(directory, PRIVATE);
    const { mode, uid } = statSync(directory);
    if (uid !== process.getuid!()) throw new Errno('EPERM', 'the state directory belongs to another user');
    if (!isOurs(state)) throw new Errno('ENOTEMPTY', 'the state directory must be empty or one of weft');
    if ((mode & 0o777) !== PRIVATE) chmodSync(directory, PRIVATE);
    for (const part of [state.work, state.keys]) makeDirectories(part, PRIVATE);
  } catch (error) {
    const { code, message } = Errno.ofSystem(error);
    throw new Errno(code, error instanceof Errno ? message : undefined, { path: directory, cause: error });
  }
};
