import { cut } from '../text.ts';
import type { Perceived } from '../../drivers/model/model.ts';
import type { Notes } from '../notes.ts';
import type { Corpus } from './corpus.ts';
import { episodeOf, type Conversations, type Spoken } from './conversations.ts';
import type { Episodes } from './episodes.ts';
import { quote } from './episode.ts';
import { headOf } from './head.ts';
import { summaryId, type Library } from './library.ts';

/** Tokens a tick is shown of its memories; a token is reckoned as four bytes. */
export const TOKENS = 4_096;
const TOKEN = 4;
/** The part of them that one memory, and what was said last in the conversation, may have at most. */
const SHARE = 4;
/** Memories in all, of them past events; exchanges of the conversation, and bytes of one thing said. */
const MANY = 64;
const EVENTS = 3;
const TAIL = 8;
const SPOKEN = 1_024;

const DAY = 86_400_000;

/** What recall looks for. */
export interface Asked {
  /** Subject and text of the message. */
  readonly text: string;
  readonly conversation: string;
  /** What others than its sender said may be recalled: true for the operator's messages alone. */
  readonly all: boolean;
}

export interface Recalled extends Perceived {
  readonly tokens: number;
  readonly why: 'relevant' | 'recent' | 'conversation';
}

export interface Memories {
  readonly notes: Notes;
  readonly episodes: Episodes;
  readonly conversations: Conversations;
  readonly corpus: Corpus;
  readonly library: Library;
  /** By text, what was recalled lately: what is recalled again is the same object, so that nobody has to look at it again. */
  readonly known: Map<string, Recalled>;
}

/**
 * What a tick is shown of what the agent remembers: what was said last in the same conversation, what has to do with the
 * message, then the newest notes, until the tokens are used up. Without a message: the newest notes and events. The same
 * memories and message give the same answer.
 */
export const recall = async (
  memories: Memories,
  asked: Asked | undefined,
  { tokens = TOKENS, signal }: { tokens?: number | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Recalled[]> => {
  const shown = new Shown(tokens, memories.known);
  const tail = asked ? lastSaid(memories.conversations, asked.conversation, (tokens * TOKEN) / SHARE) : [];
  for (const { text } of tail) shown.add('conversation', `memory/conversations/${asked!.conversation}`, text);
  const past = new Set(tail.map(({ number }) => episodeOf(number)));
  if (asked) await relevant(memories, asked, past, shown, signal);
  else events(memories, shown);
  for (const path of memories.library.newest(MANY)) {
    if (shown.full) break;
    shown.add('recent', `memory/notes/${path}`, () => headOf(memories.notes.read(path), shown.most));
  }
  return shown.list;
};

/** As `memory/recall` shows it: a heading a memory, its text quoted. */
export const recallText = (recalled: readonly Recalled[]): string => {
  const parts = recalled.map(({ path, tokens, why, text }) => `${path}\t${why}\t${tokens} tokens\n${quote(text)}\n`);
  return parts.length === 0 ? 'nothing\n' : parts.join('\n');
};

class Shown {
  readonly list: Recalled[] = [];
  readonly #paths = new Set<string>();
  readonly #budget: number;
  readonly #known: Map<string, Recalled>;
  #left: number;

  constructor(tokens: number, known: Map<string, Recalled>) {
    this.#known = known;
    this.#budget = tokens;
    this.#left = tokens;
  }

  get full(): boolean {
    return this.list.length >= MANY || this.#left < 8;
  }

  /** Bytes the next one may have. */
  get most(): number {
    return Math.max(0, Math.min(this.#left, Math.floor(this.#budget / SHARE)) * TOKEN);
  }

  add(why: Recalled['why'], path: string, given: string | (() => string)): void {
    if (this.full || (why !== 'conversation' && this.#paths.has(path))) return;
    const room = this.most - path.length;
    const text = cut(typeof given === 'string' ? given : given(), room);
    if (text.trim() === '') return;
    const found = this.#find(path, why, text);
    this.#left -= found.tokens;
    this.#paths.add(path);
    this.list.push(found);
  }

  #find(path: string, why: Recalled['why'], text: string): Recalled {
    const known = this.#known.get(text);
    if (known?.path === path && known.why === why) return known;
    const tokens = Math.ceil((Buffer.byteLength(text) + path.length) / TOKEN);
    const made: Recalled = { kind: 'memory', path, text, tokens, why };
    this.#known.set(text, made);
    if (this.#known.size > MANY) this.#known.delete(this.#known.keys().next().value!);
    return made;
  }
}

/** The last exchanges of a conversation that fit, oldest first. Each is a memory of its own: it does not change any more. */
const lastSaid = (conversations: Conversations, name: string, bytes: number): { number: number; text: string }[] => {
  const found: { number: number; text: string }[] = [];
  let left = bytes;
  for (const number of conversations.get(name)?.newest(TAIL) ?? []) {
    const text = spokenIn(conversations)(number).join('');
    left -= Buffer.byteLength(text) + name.length;
    if (left < 0 && found.length > 0) break;
    found.unshift({ number, text });
  }
  return found;
};

/** What has to do with the message, the likeliest first; of equally likely ones the newer. */
const relevant = async (
  memories: Memories,
  asked: Asked,
  past: ReadonlySet<number>,
  shown: Shown,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const { notes, episodes, conversations, corpus, library } = memories;
  const others = conversations.size > past.size || episodes.numbers().length > past.size;
  if (notes.size === 0 && !others) return;
  const hits = await corpus.relevant(asked.text, signal);
  const latest = Math.max(...hits.map(({ time }) => time));
  const ranked = hits
    .map(({ id, score, text, time }) => {
      // What is new counts up to twice: half of that is gone after a day.
      return { id, text, time, weight: Math.round(score * (1 + 1 / (1 + (latest - time) / DAY)) * 100) / 100 };
    })
    .sort((a, b) => b.weight - a.weight || b.time - a.time || (a.id < b.id ? -1 : 1));
  let left = EVENTS;
  for (const { id, text } of ranked) {
    if (shown.full) return;
    const [path] = library.paths(id);
    if (path === undefined) continue;
    if (id.startsWith('n:')) {
      shown.add('relevant', path, () => headOf(notes.read(id.slice(2)), shown.most));
      continue;
    }
    if (left === 0 || id === summaryId) continue;
    const number = Number(id.slice(2));
    if (past.has(number) || !(asked.all || isWith(memories, number, asked.conversation))) continue;
    left--;
    shown.add('relevant', path, text);
  }
};

/** Whether an episode was with nobody but the one a conversation is with. */
const isWith = ({ episodes, conversations }: Memories, number: number, conversation: string): boolean => {
  const names =
    episodes.get(number)?.map((happened) => happened.conversation) ??
    conversations.within(number).map((exchange) => conversations.of(exchange) ?? '');
  return names.every((name) => name.split('.')[0] === conversation.split('.')[0]);
};

const events = ({ episodes }: Memories, shown: Shown): void => {
  for (const number of episodes.numbers().slice(-EVENTS).toReversed()) {
    shown.add('recent', `memory/episodes/${number}.md`, () => episodes.text(number) ?? '');
  }
};

const spokenIn =
  (conversations: Conversations) =>
  (exchange: number): string[] =>
    conversations.exchange(exchange).map(spoken);

const spoken = ({ from, text }: Pick<Spoken, 'from' | 'text'>): string => `${from}: ${cut(text, SPOKEN).trimEnd()}\n`;
