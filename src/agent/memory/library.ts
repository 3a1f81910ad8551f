import type { Notes } from '../notes.ts';
import { cut } from '../text.ts';
import type { Document, Documents } from './corpus.ts';
import { PER_EPISODE, type Conversations } from './conversations.ts';
import type { Episodes } from './episodes.ts';
import { headOf } from './head.ts';

/** Bytes that are indexed of a note, of all notes (those changed last), of the summary. */
const NOTE = 16 * 1024;
const NOTES = 4 * 1024 * 1024;
const SUMMARY = 64 * 1024;
/** Bytes of what was said and of what was answered: of the first messages of a tick, and of the rest. */
const SAID = 1_024;
const REST = 128;
const WHOLE = 16;

export const noteId = (path: string): string => `n:${path}`;
export const episodeId = (number: number): string => `e:${number.toString().padStart(12, '0')}`;
export const summaryId = 's';

/** The documents of an agent's index: a note, an exchange (its episode and its place in a conversation), the summary. */
export class Library implements Documents {
  readonly #notes: Notes;
  readonly #episodes: Episodes;
  readonly #conversations: Conversations;
  /** Paths of the notes that are indexed where there is too much for all of them. */
  #chosen: ReadonlySet<string> | undefined;
  #newest: readonly string[] | undefined;

  constructor(notes: Notes, episodes: Episodes, conversations: Conversations) {
    this.#notes = notes;
    this.#episodes = episodes;
    this.#conversations = conversations;
  }

  *ids(): Iterable<string> {
    this.choose();
    for (const path of this.#notes.paths()) yield noteId(path);
    for (const number of new Set([...this.#episodes.numbers(), ...this.#conversations.episodes()]))
      yield episodeId(number);
    yield summaryId;
  }

  /** Notes changed. */
  changed(): void {
    this.#newest = undefined;
  }

  /** Paths of the notes that were changed last, the last first. */
  newest(most: number): readonly string[] {
    if (this.#newest) return this.#newest;
    // One pass over what may be ten thousand, instead of putting all of them in order.
    const best: Dated[] = [];
    for (const path of this.#notes.paths()) {
      const dated = { path, mtime: this.#notes.info(path)!.mtime };
      if (best.length === most && newer(best.at(-1)!, dated) < 0) continue;
      let at = best.length;
      while (at > 0 && newer(best[at - 1]!, dated) > 0) at--;
      best.splice(at, 0, dated);
      if (best.length > most) best.pop();
    }
    return (this.#newest = best.map(({ path }) => path));
  }

  /** Decides anew which notes are indexed. Returns the paths that are chosen now and were not, or the other way round. */
  choose(): string[] {
    const before = this.#chosen;
    this.#chosen = this.#choice();
    if (!before && !this.#chosen) return [];
    const paths = this.#notes.paths();
    return paths.filter((path) => (before?.has(path) ?? true) !== (this.#chosen?.has(path) ?? true));
  }

  document(id: string): Document | undefined {
    if (id === summaryId) return this.#summary();
    return id.startsWith('n:') ? this.#note(id.slice(2)) : this.#episode(Number(id.slice(2)));
  }

  /** Where a document can be read, as paths in the agent's directory. */
  paths(id: string): string[] {
    if (id === summaryId) return ['memory/episodes/summary.md'];
    if (id.startsWith('n:')) return [`memory/notes/${id.slice(2)}`];
    const number = Number(id.slice(2));
    const talks = new Set(this.#conversations.within(number).map((exchange) => this.#conversations.of(exchange)!));
    return [
      ...(this.#episodes.has(number) ? [`memory/episodes/${number}.md`] : []),
      ...[...talks].map((name) => `memory/conversations/${name}`),
    ];
  }

  #choice(): Set<string> | undefined {
    let bytes = 0;
    const sized = this.#notes.paths().map((path) => {
      const { size, mtime } = this.#notes.info(path)!;
      bytes += Math.min(size, NOTE);
      return { path, size: Math.min(size, NOTE), mtime };
    });
    if (bytes <= NOTES) return undefined;
    sized.sort(newer);
    const chosen = new Set<string>();
    let left = NOTES;
    for (const { path, size } of sized) {
      left -= size;
      if (left < 0) break;
      chosen.add(path);
    }
    return chosen;
  }

  #note(path: string): Document | undefined {
    const info = this.#notes.info(path);
    if (!info || info.directory || this.#chosen?.has(path) === false) return undefined;
    // The path says what a note is about, too.
    const text = `${path}\n${headOf(this.#notes.read(path), NOTE)}`;
    return { text, time: Number(info.mtime / 1_000_000n) };
  }

  /** The same text whether it is taken from the episode or from the conversation: one of them may be gone. */
  #episode(number: number): Document | undefined {
    const happened = this.#episodes.get(number);
    if (happened) {
      const text = happened.map(({ from, message, answer }, at) => told(at, from, message, answer?.text));
      return { text: text.join('\n'), time: Date.parse(happened[0]?.time ?? '') };
    }
    const parts: string[] = [];
    let time = 0;
    for (const exchange of this.#conversations.within(number)) {
      const records = this.#conversations.exchange(exchange);
      const heard = records.find(({ direction }) => direction === 'in');
      if (!heard) continue;
      const answer = records.find(({ direction, in_reply_to: to }) => direction === 'out' && to === heard.id);
      parts.push(told(exchange % PER_EPISODE, heard.from, heard, answer?.text));
      time ||= Date.parse(heard.time);
    }
    return parts.length === 0 ? undefined : { text: parts.join('\n'), time };
  }

  #summary(): Document | undefined {
    const text = this.#episodes.summary();
    if (text === undefined) return undefined;
    const bytes = Buffer.from(text);
    const start = bytes.length <= SUMMARY ? 0 : bytes.indexOf(0x0a, bytes.length - SUMMARY) + 1;
    return { text: bytes.subarray(start).toString(), time: 0 };
  }
}

interface Dated {
  readonly path: string;
  readonly mtime: bigint;
}

/** Compares for an order in which the newest comes first. */
const newer = (a: Dated, b: Dated): number =>
  a.mtime === b.mtime ? (a.path < b.path ? -1 : 1) : a.mtime < b.mtime ? 1 : -1;

const told = (
  at: number,
  from: string,
  { subject, text }: { readonly subject?: string | undefined; readonly text: string },
  answer: string | undefined,
): string => {
  const most = at < WHOLE ? SAID : REST;
  const about = subject === undefined ? '' : `${cut(subject, REST)}: `;
  const said = answer === undefined ? '' : `\nanswered: ${cut(answer, most).trimEnd()}`;
  return `${from}: ${about}${cut(text, most).trimEnd()}${said}`;
};
