import { setMaxListeners } from 'node:events';
import type { Address } from '../9p/address.ts';
import { formatAddress, parseAddress } from '../9p/address.ts';
import type { Client, RemoteFile } from '../9p/client.ts';
import { connect } from '../9p/client.ts';
import { Errno } from '../kernel/errno.ts';
import { absolute } from './absolute.ts';
import { O_CREAT, O_RDONLY } from '../kernel/mode.ts';
import { UsageError } from './command.ts';
import type { FlagValues } from './flags.ts';
import { runningServer } from './server-file.ts';
import { stateOf } from './state.ts';

/** Bytes asked for at once; the client cuts it to what a message holds. */
const CHUNK = 1024 * 1024;

/** 128 + SIGINT. */
const EXIT_INTERRUPTED = 130;

/** --addr, WEFT_ADDR, or what the server of the default state directory listens on: its socket there, as a rule. */
export const addressOf = (flags: FlagValues): string => {
  const given = flags.addr ?? (process.env['WEFT_ADDR'] || undefined);
  if (given !== undefined) return given;
  const state = stateOf(undefined, process.env);
  const usual = `unix:${state.socket}`;
  const addresses = runningServer(state)?.addresses ?? [];
  return addresses.includes(usual) ? usual : (addresses[0] ?? usual);
};

/** An error of the server with the path as the user wrote it. */
export const at = (path: string, error: unknown): Errno => {
  const { code, message } = Errno.ofSystem(error);
  // The whole path is in the line: which of its names is missing need not be said as well.
  return new Errno(code, code === 'ENOENT' ? undefined : message, { path, cause: error });
};

export interface ServerOptions {
  /** Milliseconds for which a server that went away is waited for; 0: its end is an error at once. */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

/** An address of the command line or the environment, with an absolute path. */
export const readAddress = (text: string): Address => {
  try {
    return absolute(parseAddress(text));
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
};

/** The server there; an empty aname is all that the caller may see. */
export const dialled = async (address: Address, aname = '', options: ServerOptions = {}): Promise<Client> => {
  try {
    return await connect(address, { ...options, aname });
  } catch (error) {
    const { code } = Errno.ofSystem(error);
    const path = formatAddress(address);
    if (code === 'ECONNREFUSED' || (code === 'ENOENT' && aname === ''))
      throw new Errno('ECONNREFUSED', 'no server runs there', { path, cause: error });
    throw at(code === 'ENOENT' ? `--aname ${aname}` : path, error);
  }
};

/** A connection for the time of one command, and the signal that Ctrl-C gives. */
export class Remote {
  readonly client: Client;
  readonly signal: AbortSignal;

  constructor(client: Client, signal: AbortSignal) {
    this.client = client;
    this.signal = signal;
  }

  /** Opens, uses and closes a file. What was written acts at the close, so its error counts like any other. */
  async file<T>(path: string, flags: number, use: (file: RemoteFile) => Promise<T>): Promise<T> {
    try {
      const file = await this.#open(path, flags);
      let result: T;
      try {
        result = await use(file);
      } catch (error) {
        await file.close().catch(() => undefined); // the first error is the one to tell
        throw error;
      }
      await file.close();
      return result;
    } catch (error) {
      throw at(path, error);
    }
  }

  /** With O_CREAT: what is there is opened, and only what is not there is made. */
  async #open(path: string, flags: number): Promise<RemoteFile> {
    const options = { signal: this.signal };
    try {
      return await this.client.open(path, flags & ~O_CREAT, options);
    } catch (error) {
      if (!(flags & O_CREAT && error instanceof Errno && error.code === 'ENOENT')) throw error;
      return this.client.open(path, flags, options);
    }
  }

  /** The pieces of a file from `offset` to its end, as they come. */
  async *pieces(file: RemoteFile, offset = 0): AsyncGenerator<Uint8Array> {
    for (let next = offset; ;) {
      const piece = await file.read(CHUNK, next, this.signal);
      if (piece.length === 0) return;
      yield piece;
      next += piece.length;
    }
  }

  /** A small file whole. */
  text(path: string): Promise<string> {
    return this.file(path, O_RDONLY, async (file) => {
      const parts: Uint8Array[] = [];
      for await (const piece of this.pieces(file)) parts.push(piece);
      return Buffer.concat(parts).toString();
    });
  }

  /** Writes what there is, from the beginning on or, with O_APPEND, to the end. Returns how many bytes that was. */
  async send(file: RemoteFile, source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
    let offset = 0;
    for await (const piece of source) {
      await file.write(piece, offset, this.signal);
      offset += piece.length;
    }
    return offset;
  }
}

/** Ctrl-C takes back what is asked for, so that nothing goes on for somebody who is gone, and ends with 130. */
export const withServer = async (
  flags: FlagValues,
  work: (remote: Remote) => Promise<number>,
  options: ServerOptions = { patience: 0 },
): Promise<number> => {
  const interrupt = new AbortController();
  setMaxListeners(0, interrupt.signal); // each request that is under way listens
  const stop = (): void => interrupt.abort();
  process.once('SIGINT', stop);
  let client: Client | undefined;
  try {
    client = await dialled(readAddress(addressOf(flags)), flags.aname, {
      ...options,
      signal: interrupt.signal,
    });
    return await work(new Remote(client, interrupt.signal));
  } catch (error) {
    if (interrupt.signal.aborted) return EXIT_INTERRUPTED;
    throw error;
  } finally {
    process.off('SIGINT', stop);
    await client?.close();
  }
};
