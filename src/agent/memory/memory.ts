import type { Agent } from '../agent.ts';
import type { Effect } from '../effects.ts';
import type { Host } from '../host.ts';
import type { Message } from '../inbox.ts';
import { bodyOf } from '../message.ts';
import { senderOf, type Origin } from '../origin.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import type { Operation } from '../../drivers/store/store.ts';
import { assertQuestion, Corpus } from './corpus.ts';
import { Conversations, PER_EPISODE, type Exchange } from './conversations.ts';
import type { Happened, Said } from './episode.ts';
import { Episodes, type Change } from './episodes.ts';
import { adopt, exportBundle, readBundle, type Imported } from './exchange.ts';
import { glob } from './glob.ts';
import { excerpt } from './head.ts';
import { indexesOf } from './indexes.ts';
import { episodeId, Library, noteId, summaryId } from './library.ts';
import { recall, type Asked, type Recalled } from './recall.ts';

/** Lines of a search's answer. */
const FOUND = 100;

/** What a search found. */
export interface Found {
  readonly score: number;
  /** In the agent's directory. */
  readonly path: string;
  readonly excerpt: string;
}

/** What a tick did with a message. */
export interface Done {
  readonly tick: number;
  readonly outcome: string;
  readonly answer?: Said | undefined;
  readonly error?: { readonly code: string; readonly reason: string } | undefined;
}

interface Open {
  readonly tick: number;
  readonly happened: Happened[];
  readonly exchanges: Omit<Exchange, 'number'>[];
}

/** All an agent remembers besides its notes, and what finds its way in all of it. */
export class Memory {
  readonly episodes: Episodes;
  readonly conversations: Conversations;
  readonly library: Library;
  readonly corpus: Corpus;
  readonly #agent: Agent;
  readonly #host: Host;
  #notesChanged = false;
  readonly #known = new Map<string, Recalled>();
  #reserved = 0;
  /** What the tick that runs has done so far. */
  #open: Open | undefined;
  /** What rewrites memories happens one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(agent: Agent, host: Host) {
    this.#agent = agent;
    this.#host = host;
    const touched = (episode: number): void => this.corpus.touch(episodeId(episode));
    this.episodes = new Episodes(agent, host, touched);
    this.conversations = new Conversations(agent, host, touched);
    this.library = new Library(agent.notes, this.episodes, this.conversations);
    this.corpus = new Corpus(this.library);
  }

  /** Names and sizes only. */
  async load(): Promise<void> {
    await Promise.all([this.episodes.load(), this.conversations.load()]);
  }

  /** A note came, went or changed. */
  noteChanged(path: string): void {
    this.corpus.touch(noteId(path));
    this.library.changed();
    this.#notesChanged = true;
  }

  /**
   * For a tick's batch: what it did with a message, as an episode and as records of a conversation. `message` is still in
   * the inbox. What a tick did with several messages is one episode. Its number is the tick's, or goes on after what was
   * imported.
   */
  remember(message: Message, { tick, outcome, answer, error }: Done): Effect {
    const conversation = this.conversations.nameFor(message);
    const { id, subject, inReplyTo, origin } = message;
    const happened: Happened = {
      time: timeText(this.#host.clock.now()),
      tick,
      outcome,
      from: senderOf(origin),
      conversation,
      message: { id, subject, inReplyTo, text: this.#textOf(message) },
      answer,
      error,
    };
    const records = this.conversations.records(happened, origin);
    const open = this.#open?.tick === tick ? this.#open : undefined;
    if (open) {
      open.happened.push(happened);
      open.exchanges.push({ conversation, records });
      return { operations: [] };
    }
    const begun = (this.#open = { tick, happened: [happened], exchanges: [{ conversation, records }] });
    const operations: Operation[] = [];
    let apply = (): void => undefined;
    const end = (): void => {
      if (this.#open === begun) this.#open = undefined;
    };
    return {
      operations,
      // Not before, because the tick may take more messages.
      prepare: () => {
        const change = this.#happened(tick, begun);
        operations.push(...change.operations);
        apply = () => change.apply();
      },
      apply: () => {
        end();
        apply();
      },
      revert: end,
    };
  }

  #happened(tick: number, { happened, exchanges }: Open): Change {
    const number = Math.max(tick, this.last + 1);
    this.reserve(number);
    const numbered = exchanges
      .slice(0, PER_EPISODE)
      .map((exchange, at) => ({ ...exchange, number: number * PER_EPISODE + at }));
    return together([this.episodes.add(number, happened), this.conversations.add(numbered)]);
  }

  /** The highest number an episode or exchange has, or is about to have; 0 before the first. */
  get last(): number {
    return Math.max(this.#reserved, this.episodes.numbers().at(-1) ?? 0, this.conversations.lastEpisode);
  }

  /** Numbers up to this one are about to be used: a tick and an import may go on side by side. */
  reserve(number: number): void {
    this.#reserved = Math.max(this.#reserved, number);
  }

  /** What a tick is shown with this message; without one, in general. EINTR when the signal aborts. */
  async recall(message: Message | undefined, signal?: AbortSignal): Promise<Recalled[]> {
    this.#refresh();
    const { episodes, conversations, corpus, library } = this;
    const memories = { notes: this.#agent.notes, episodes, conversations, corpus, library, known: this.#known };
    const recalled = await recall(memories, message && this.#ask(message), { signal });
    if (this.corpus.size > 0) indexesOf(this.#host).touch(this.#agent.id, this.corpus);
    return recalled;
  }

  /** The same for a tick: one that is stopped meanwhile perceives nothing, and hears of it where it goes on. */
  async perceive(message: Message, signal: AbortSignal): Promise<Recalled[]> {
    try {
      return await this.recall(message, signal);
    } catch (error) {
      if (signal.aborted) return [];
      throw error;
    }
  }

  /** What the next tick will be shown. */
  async preview(): Promise<Recalled[]> {
    const { inbox } = this.#agent;
    const [first] = inbox.list();
    return this.recall(inbox.next(this.#host.clock.now()).message ?? first);
  }

  /** Everything that has to do with a question, the likeliest first. EINVAL for an empty one, EINTR. */
  async search(question: string, signal: AbortSignal): Promise<Found[]> {
    assertQuestion(question);
    this.#refresh();
    const hits = await this.corpus.search(question, signal);
    indexesOf(this.#host).touch(this.#agent.id, this.corpus);
    const found = new Map<string, Found>();
    for (const { id, score, terms, text } of hits) {
      for (const path of this.library.paths(id)) {
        if (found.has(path)) continue;
        found.set(path, { score, path, excerpt: excerpt(text, terms) });
      }
      if (found.size >= FOUND * 2) break;
    }
    const sorted = [...found.values()].sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1));
    return sorted.slice(0, FOUND);
  }

  /**
   * Forgets every note, episode and conversation whose path below `memory/` matches, all at once and for good. Resolves
   * with their paths when that is on disk. EINVAL for what is no pattern.
   */
  async forget(pattern: string): Promise<string[]> {
    const matches = below(pattern);
    return this.#inTurn(async () => {
      const { notes } = this.#agent;
      const paths = notes.paths().filter((path) => matches(`notes/${path}`));
      const numbers = this.episodes.numbers().filter((number) => matches(`episodes/${number}.md`));
      const names = [...this.conversations.names()].filter((name) => matches(`conversations/${name}`));
      const spoken = names.flatMap((name) => this.conversations.get(name)?.numbers ?? []);
      const summary = this.episodes.summary() !== undefined && matches('episodes/summary.md');
      const forgotten = [
        ...paths.map((path) => `memory/notes/${path}`),
        ...numbers.map((number) => `memory/episodes/${number}.md`),
        ...(summary ? ['memory/episodes/summary.md'] : []),
        ...names.map((name) => `memory/conversations/${name}`),
      ];
      if (forgotten.length === 0) return forgotten;
      await this.#commit([
        notes.erase(paths),
        this.episodes.remove(numbers),
        this.conversations.remove(spoken),
        ...(summary ? [this.withSummary(undefined)] : []),
      ]);
      this.#host.event('memory.forgotten', this.#agent.name, { pattern, count: forgotten.length });
      return forgotten;
    });
  }

  /** Folds all but the newest episodes into a line each of the summary. Resolves with how many when it is on disk. */
  compact(): Promise<number> {
    return this.#inTurn(async () => {
      const { folded, change } = this.episodes.fold();
      if (folded === 0) return 0;
      await this.#commit([change, { operations: [], apply: () => this.corpus.touch(summaryId) }]);
      this.#host.event('memory.compacted', this.#agent.name, { count: folded });
      return folded;
    });
  }

  /** All that matches a pattern, or all there is, as a bundle (`bundle.ts`). EINVAL, EFBIG, EINTR. */
  async export(pattern: string, signal: AbortSignal): Promise<Uint8Array> {
    const matches = pattern === '' ? () => true : below(pattern);
    return exportBundle(this.#agent, this.#host, matches, signal);
  }

  /** Takes over a bundle, all of it or nothing. EINVAL and others with the number of the line that is wrong. */
  import(bundle: Uint8Array): Promise<Imported> {
    return this.#inTurn(async () => {
      const items = await readBundle(bundle);
      const { imported, changes } = adopt(this.#agent, items);
      await this.#commit(changes);
      this.#host.event('memory.imported', this.#agent.name, { ...imported });
      return imported;
    });
  }

  /** The operation that gives the summary another text, or takes it away. */
  withSummary(text: string | undefined): Change {
    const apply = (): void => this.corpus.touch(summaryId);
    return { operations: [this.episodes.setSummary(text)], apply };
  }

  async #commit(changes: readonly Change[]): Promise<void> {
    const change = together(changes);
    await this.#host.commit(change.operations, []);
    change.apply();
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    const mine = before.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  #ask(message: Message): Asked {
    const { origin, subject } = message;
    return {
      text: `${subject ?? ''}\n${this.#textOf(message)}`,
      conversation: this.conversations.nameFor(message),
      all: isOperators(origin),
    };
  }

  #textOf(message: Message): string {
    return bodyOf(Buffer.from(this.#agent.inbox.document(message.name) ?? '').toString());
  }

  /** Which notes the index has depends on all of them. */
  #refresh(): void {
    if (!this.#notesChanged) return;
    this.#notesChanged = false;
    for (const path of this.library.choose()) this.corpus.touch(noteId(path));
  }
}

/** A pattern of paths below `memory/`, which may stand before it. */
const below = (pattern: string): ((path: string) => boolean) => glob(pattern.replace(/^\/?memory\//, ''));

/** What the operator says, or has planned. */
const isOperators = (origin: Origin): boolean =>
  origin.tier === 'schedule' || origin.tier === 'goal' ? origin.by.tier === 'operator' : origin.tier === 'operator';

/** Several changes as one. */
const together = (changes: readonly Change[]): Change => ({
  operations: changes.flatMap(({ operations }) => operations),
  apply: () => {
    for (const change of changes) change.apply();
  },
});
