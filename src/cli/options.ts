import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { formatAddress, parseAddress } from '../9p/address.ts';
import type { Level } from '../drivers/log/log.ts';
import { levels } from '../drivers/log/log.ts';
import { parseYaml } from '../drivers/yaml/yaml.ts';
import { Errno } from '../kernel/errno.ts';
import { absolute } from './absolute.ts';
import { UsageError } from './command.ts';
import type { FlagValues } from './flags.ts';
import type { Environment, State } from './state.ts';
import { stateOf } from './state.ts';

/** What `weft up` was asked for, from the command line, the environment and the configuration file. */
export interface Options {
  readonly state: State;
  /** Absolute; undefined: no mount. */
  readonly mount: string | undefined;
  readonly listen: readonly string[];
  readonly driver: (typeof drivers)[number];
  /** `PROVIDER` or `PROVIDER/MODEL`; undefined: by what keys there are. */
  readonly model: string | undefined;
  readonly logLevel: Level;
  /** The tier of a TCP client without authentication; undefined: no such listener. */
  readonly insecureTcp: (typeof tiers)[number] | undefined;
  readonly examples: boolean;
}

const drivers = ['kernel', 'native'] as const;
const tiers = ['observer', 'operator'] as const;

/** Where a value came from, in the words of the one who wrote it, and how a mistake there is told. */
interface Source {
  readonly name: string;
  readonly fault: (reason: string) => Error;
}

type Reader<T> = (value: unknown, source: Source) => T;

const text: Reader<string> = (value, source) => {
  if (typeof value !== 'string' || value === '') throw source.fault(`${source.name} wants a text`);
  return value;
};

const oneOf =
  <T extends string>(values: readonly T[]): Reader<T> =>
  (value, source) => {
    const found = values.find((each) => each === value);
    if (found === undefined) throw source.fault(`${source.name} wants one of: ${values.join(', ')}`);
    return found;
  };

const addresses: Reader<readonly string[]> = (value, source) => {
  const items: unknown[] = typeof value === 'string' ? value.split(/[\s,]+/).filter(Boolean) : [value].flat();
  if (items.length === 0) throw source.fault(`${source.name} wants an address`);
  return items.map((item) => {
    try {
      return formatAddress(absolute(parseAddress(text(item, source))));
    } catch (error) {
      throw error instanceof Errno ? source.fault(error.message) : error;
    }
  });
};

const truths = new Map([
  ...['true', '1', 'yes'].map((word) => [word, true] as const),
  ...['false', '0', 'no'].map((word) => [word, false] as const),
]);

const truth: Reader<boolean> = (value, source) => {
  if (value === true || value === false) return value;
  const found = truths.get(String(value));
  if (found === undefined) throw source.fault(`${source.name} wants true or false`);
  return found;
};

/** `none` in a variable and `none` or `false` in the file are --no-mount. `~` is not always expanded by the shell. */
const mount: Reader<string | false> = (value, source) => {
  if (value === false || value === 'none') return false;
  return resolve(text(value, source).replace(/^~(?=\/|$)/, homedir()));
};

const tier: Reader<(typeof tiers)[number] | false> = (value, source) => {
  if (value === false) return false;
  return value === true ? 'observer' : oneOf(tiers)(value, source);
};

const model: Reader<string> = (value, source) => {
  const given = text(value, source);
  if (!/^[a-z][a-z0-9-]*(\/\S+)?$/.test(given)) throw source.fault(`${source.name} wants PROVIDER or PROVIDER/MODEL`);
  return given;
};

/** One row a setting: its name in config.yaml (the variable is WEFT_ and the same in capitals), the flag, the reader. */
const settings = {
  mount: { name: 'mount', reader: mount },
  listen: { name: 'listen', reader: addresses },
  driver: { name: 'driver', reader: oneOf(drivers) },
  model: { name: 'model', reader: model },
  logLevel: { name: 'log-level', reader: oneOf(levels) },
  insecureTcp: { name: 'insecure-tcp', reader: tier },
  examples: { name: 'examples', reader: truth },
} as const;

type Setting = keyof typeof settings;
type Value<K extends Setting> = ReturnType<(typeof settings)[K]['reader']>;

const readConfig = (path: string): Readonly<Record<string, unknown>> => {
  const fault = (reason: string): Error => new Errno('EINVAL', reason, { path });
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Errno(Errno.ofSystem(error).code, undefined, { path, cause: error });
  }
  let value: unknown;
  try {
    value = parseYaml(content) ?? {};
  } catch (error) {
    throw fault((error as Error).message);
  }
  if (typeof value !== 'object' || Array.isArray(value)) throw fault('settings are `name: value` lines');
  const known = Object.values(settings).map(({ name }) => name as string);
  const unknown = Object.keys(value!).find((name) => !known.includes(name));
  if (unknown !== undefined) throw fault(`there is no setting '${unknown}'; there are ${known.join(', ')}`);
  return value as Readonly<Record<string, unknown>>;
};

/** Flags win over WEFT_* variables, they over STATE/config.yaml. A mistake in a flag is a UsageError. */
export const readOptions = (flags: FlagValues, env: Environment): Options => {
  const state = stateOf(flags.state, env);
  const config = readConfig(state.config);
  const value = <K extends Setting>(key: K): Value<K> | undefined => {
    const { name, reader } = settings[key];
    const variable = `WEFT_${name.toUpperCase().replace('-', '_')}`;
    const sources: readonly [unknown, Source][] = [
      [flags[key], { name: `--${name}`, fault: (reason) => new UsageError(reason) }],
      [env[variable] || undefined, { name: variable, fault: (reason) => new Errno('EINVAL', reason) }],
      [config[name] ?? undefined, { name, fault: (reason) => new Errno('EINVAL', reason, { path: state.config }) }],
    ];
    // All are read: a mistake in what another one overrides is told as well.
    const given = sources.filter(([one]) => one !== undefined);
    return given.map(([one, source]) => (reader as Reader<Value<K>>)(one, source))[0];
  };
  return {
    state,
    mount: (value('mount') ?? join(homedir(), 'weft')) || undefined,
    listen: value('listen') ?? [`unix:${state.socket}`],
    driver: value('driver') ?? (process.platform === 'linux' ? 'kernel' : 'native'),
    model: value('model'),
    logLevel: value('logLevel') ?? 'info',
    insecureTcp: value('insecureTcp') || undefined,
    examples: value('examples') ?? false,
  };
};
