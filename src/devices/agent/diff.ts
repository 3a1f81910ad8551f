import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import { unifiedDiff } from '../../drivers/diff/diff.ts';
import { O_RDONLY, S_IFMT, S_IFREG } from '../../kernel/mode.ts';
import type { Attributes, Dir, File, Node } from '../../kernel/node.ts';
import type { Request } from '../../kernel/request.ts';

/** Bytes of a diff, of a file whose lines are compared, and of one that is read at all. */
const OUTPUT = 256 * 1024;
const SMALL = 64 * 1024;
const READ = 8 * 1024 * 1024;
/** Entries that are looked at; after so many of them others have their turn. */
const ENTRIES = 20_000;
const TURN = 32;

/**
 * What is different in one tree from what is in the other: a line `added`, `removed` or `changed` a path, and for small texts
 * their unified diff. Bounded: what goes beyond is said in a last line.
 */
export const differences = async (before: Dir, after: Dir, request: Request, path = ''): Promise<string> => {
  const comparison = new Comparison(request);
  await comparison.directories(before, after, path);
  return comparison.text;
};

class Comparison {
  readonly #request: Request;
  #parts: string[] = [];
  #size = 0;
  #entries = 0;
  #full = false;

  constructor(request: Request) {
    this.#request = request;
  }

  get text(): string {
    return this.#parts.join('') + (this.#full ? 'and more: this is all that a diff shows\n' : '');
  }

  async directories(before: Dir, after: Dir, path: string): Promise<void> {
    const request = this.#request;
    const names = new Set<string>();
    for (const dir of [before, after]) for (const { name } of await dir.list(request)) names.add(name);
    for (const name of [...names].sort()) {
      if (this.#full || request.aborted) return;
      if (++this.#entries > ENTRIES) this.#full = true;
      if (this.#entries % TURN === 0) await setImmediate();
      const [was, is] = [await before.lookup(name, request), await after.lookup(name, request)];
      await this.#compare(was, is, path === '' ? name : `${path}/${name}`);
    }
  }

  async #compare(was: Node | undefined, is: Node | undefined, path: string): Promise<void> {
    if (was?.kind === 'dir' && is?.kind === 'dir') return this.directories(was, is, path);
    if (!was && !is) return;
    if (!was) this.#say(`added ${shown(is!, path)}\n`);
    else if (!is) this.#say(`removed ${shown(was, path)}\n`);
    else if (was.kind === 'file' && is.kind === 'file') await this.#files(was, is, path);
    else if (was.kind === 'link' && is.kind === 'link') {
      const [from, to] = [await was.target(this.#request), await is.target(this.#request)];
      if (from !== to) this.#say(`changed ${path}\n`);
    } else this.#say(`changed ${path}\n`);
  }

  async #files(was: File, is: File, path: string): Promise<void> {
    const request = this.#request;
    const [old, now] = [await was.stat(request), await is.stat(request)];
    // The copies keep the times of the files of the host: where size and time are the same nothing is read.
    if (is.host && old.size === now.size && old.mtime === now.mtime) return;
    if (!plain(old) || !plain(now)) {
      if ((old.mode & S_IFMT) !== (now.mode & S_IFMT)) this.#say(`changed ${path}\n`);
      return;
    }
    if (old.size > READ || now.size > READ) {
      this.#say(`changed ${path}\n`);
      return;
    }
    const [from, to] = [await this.#read(was), await this.#read(is)];
    if (from.equals(to)) return;
    const small =
      Math.max(from.length, to.length) <= SMALL && [from, to].every((bytes) => isUtf8(bytes) && !bytes.includes(0));
    const patch = small ? unifiedDiff(path, from.toString(), to.toString()) : undefined;
    this.#say(`changed ${path}\n${patch ?? ''}`);
  }

  async #read(file: File): Promise<Buffer> {
    const handle = await file.open(O_RDONLY, this.#request);
    try {
      const pieces: Uint8Array[] = [];
      for (let size = 0; size <= READ;) {
        const piece = await handle.read!(size, SMALL, this.#request);
        if (piece.length === 0) break;
        pieces.push(Buffer.from(piece));
        size += piece.length;
      }
      return Buffer.concat(pieces);
    } finally {
      handle.close?.();
    }
  }

  #say(text: string): void {
    if (this.#size + text.length > OUTPUT) {
      this.#full = true;
      return;
    }
    this.#parts.push(text);
    this.#size += text.length;
  }
}

const plain = ({ mode }: Attributes): boolean => (mode & S_IFMT) === S_IFREG;
const shown = (node: Node, path: string): string => (node.kind === 'dir' ? `${path}/` : path);
