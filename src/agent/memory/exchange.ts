import { setImmediate } from 'node:timers/promises';
import { Errno } from '../../kernel/errno.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import type { Agent } from '../agent.ts';
import type { Host } from '../host.ts';
import type { Adopted } from '../notes.ts';
import { interruption } from '../replies.ts';
import { decode } from '../text.ts';
import { BUNDLE, BundleReader, lineOf, VERSION, wrong, type Item, type Placed } from './bundle.ts';
import { PER_EPISODE, type Exchange, type Spoken } from './conversations.ts';
import type { Happened } from './episode.ts';
import type { Change } from './episodes.ts';
import type { Memory } from './memory.ts';

/** Bytes that are made or read before others get a turn. */
const TURN = 256 * 1024;

/** What part of the memories goes into a bundle, by path below `memory/`. */
export type Chosen = (path: string) => boolean;

/** Everything that is chosen, as one bundle. EFBIG, EINTR. */
export const exportBundle = async (
  agent: Agent,
  host: Host,
  chosen: Chosen,
  signal: AbortSignal,
): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let turn = 0;
  for (const item of items(agent, timeText(host.clock.now()), chosen)) {
    const piece = Buffer.from(lineOf(item));
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > BUNDLE) throw new Errno('EFBIG', `a bundle has at most ${BUNDLE} bytes: export a part of it`);
    if (bytes - turn < TURN) continue;
    turn = bytes;
    await setImmediate();
    if (signal.aborted) throw interruption(signal);
  }
  pieces.push(Buffer.from(lineOf({ type: 'end', lines: pieces.length })));
  return Buffer.concat(pieces);
};

function* items({ name, notes, memory }: Agent, time: string, chosen: Chosen): Generator<Item> {
  yield { type: 'memory', version: VERSION, agent: name, time };
  const paths = notes.paths().filter((path) => chosen(`notes/${path}`));
  for (const path of notes.directories()) {
    if (!chosen(`notes/${path}`) && !paths.some((below) => below.startsWith(`${path}/`))) continue;
    yield { type: 'directory', path, mtime: notes.info(path)?.mtime.toString() ?? '0' };
  }
  for (const path of paths) {
    const info = notes.info(path);
    // It may go while others have their turn.
    if (!info || info.directory) continue;
    yield { type: 'note', path, mtime: info.mtime.toString(), text: Buffer.from(notes.read(path)).toString() };
  }
  const summary = memory.episodes.summary();
  if (summary !== undefined && chosen('episodes/summary.md')) yield { type: 'summary', text: summary };
  for (const number of [...memory.episodes.numbers()]) {
    const happened = chosen(`episodes/${number}.md`) ? memory.episodes.get(number) : undefined;
    if (happened) yield { type: 'episode', number, happened };
  }
  for (const number of [...memory.conversations.numbers()]) {
    const conversation = memory.conversations.of(number);
    if (conversation === undefined || !chosen(`conversations/${conversation}`)) continue;
    const records = memory.conversations.exchange(number);
    yield {
      type: 'exchange',
      episode: Math.floor(number / PER_EPISODE),
      at: number % PER_EPISODE,
      conversation,
      records,
    };
  }
}

/** What an import took over; what the agent had already, word for word, is not counted. */
export interface Imported {
  readonly notes: number;
  readonly episodes: number;
  readonly exchanges: number;
}

/** The lines of a bundle, all of them checked. EINVAL with the number of the first bad line, EFBIG. */
export const readBundle = async (bundle: Uint8Array): Promise<readonly Placed[]> => {
  if (bundle.length > BUNDLE) throw new Errno('EFBIG', `a bundle has at most ${BUNDLE} bytes`);
  const reader = new BundleReader();
  let turn = 0;
  for (let from = 0, line = 1; from < bundle.length; line++) {
    const found = bundle.indexOf(0x0a, from);
    const end = found < 0 ? bundle.length : found;
    let text: string;
    try {
      text = decode(bundle.subarray(from, end));
    } catch {
      throw wrong(line, 'this is not UTF-8 text');
    }
    reader.take(text);
    from = end + 1;
    if (from - turn < TURN) continue;
    turn = from;
    await setImmediate();
  }
  reader.end();
  return reader.items;
};

/**
 * What takes over a bundle, all of it or nothing. Notes take the place of notes of the same path; episodes and exchanges
 * keep their numbers where the agent has none, and come after its own otherwise; those it has already stay as they are.
 */
export const adopt = (agent: Agent, items: readonly Placed[]): { imported: Imported; changes: Change[] } => {
  const { notes, memory } = agent;
  const placed: { line: number; note: Adopted }[] = [];
  let summary: string | undefined;
  const numbers = new Numbers(memory);
  const episodes: [number, readonly Happened[]][] = [];
  const exchanges: Exchange[] = [];
  for (const { line, item } of items) {
    if (item.type === 'directory') placed.push({ line, note: { path: item.path, mtime: BigInt(item.mtime) } });
    else if (item.type === 'note') {
      const bytes = Buffer.from(item.text);
      if (!same(agent, item.path, bytes))
        placed.push({ line, note: { path: item.path, bytes, mtime: BigInt(item.mtime) } });
    } else if (item.type === 'summary') summary = item.text;
    else if (item.type === 'episode') {
      const number = numbers.episode(item.number, item.happened);
      if (number !== undefined) episodes.push([number, item.happened]);
    } else if (item.type === 'exchange') {
      const { conversation, records } = item;
      const number = numbers.exchange(item.episode, item.at, conversation, records);
      if (number !== undefined) exchanges.push({ number, conversation, records });
    }
  }
  memory.reserve(numbers.last);
  episodes.sort(([a], [b]) => a - b);
  exchanges.sort((a, b) => a.number - b.number);
  const adopted = notes.adopt(
    placed.map(({ note }) => note),
    (at, error) => {
      const { code, message } = error as Errno;
      throw new Errno(code, `line ${placed[at]!.line}: ${message}`, { cause: error });
    },
  );
  const changes = [adopted, memory.episodes.adopt(episodes), memory.conversations.add(exchanges)];
  const imported = {
    notes: placed.filter(({ note }) => note.bytes).length,
    episodes: episodes.length,
    exchanges: exchanges.length,
  };
  const own = memory.episodes.summary();
  if (summary !== undefined && own?.includes(summary) !== true) {
    const merged = own === undefined ? summary : `${summary.trimEnd()}\n${own.replace(/^# .*\n+/, '')}`;
    changes.push(memory.withSummary(merged));
  }
  return { imported, changes };
};

const same = ({ notes }: Agent, path: string, bytes: Uint8Array): boolean => {
  const info = notes.info(path);
  if (!info || info.directory || info.size !== bytes.length) return false;
  return Buffer.compare(notes.read(path), bytes) === 0;
};

/** What number an episode or exchange gets that comes from elsewhere. */
class Numbers {
  readonly #own = new Set<string>();
  readonly #given = new Map<number, number>();
  readonly #empty: boolean;
  #next: number;
  /** The highest that was given. */
  last = 0;

  constructor(memory: Memory) {
    const { episodes, conversations } = memory;
    for (const number of episodes.numbers()) this.#own.add(JSON.stringify(episodes.get(number)));
    for (const number of conversations.numbers()) {
      this.#own.add(JSON.stringify([conversations.of(number), conversations.exchange(number)]));
    }
    this.#next = memory.last + 1;
    this.#empty = memory.last === 0;
  }

  episode(number: number, happened: readonly Happened[]): number | undefined {
    return this.#own.has(JSON.stringify(happened)) ? undefined : this.#number(number);
  }

  exchange(episode: number, at: number, conversation: string, records: readonly Spoken[]): number | undefined {
    if (this.#own.has(JSON.stringify([conversation, records]))) return undefined;
    return this.#number(episode) * PER_EPISODE + at;
  }

  #number(number: number): number {
    const given = this.#empty ? number : (this.#given.get(number) ?? this.#next++);
    this.#given.set(number, given);
    this.last = Math.max(this.last, given);
    return given;
  }
}
