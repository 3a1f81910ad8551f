import { timeText, type Clock } from '../../drivers/clock/clock.ts';
import type { Call, Offer, Perceived, Reply, Result, Turn } from '../../drivers/model/model.ts';
import type { Message } from '../inbox.ts';
import { cut } from '../text.ts';
import { messagesOf, type JobBody, type JobHead, type JobTurn } from './record.ts';

/** Bytes of what the model was told about itself that are kept. */
const SYSTEM = 8_192;

/** What hears of a job as it goes on: its records, and pieces of text that are in no record. */
export type Told = (record: object) => void;

/** A job that a tick works on, as it can be read meanwhile. Nothing of it is on disk before its tick commits, or a second has gone by. */
export class RunningJob {
  readonly message: Message;
  readonly head: JobHead;
  readonly body: JobBody;
  readonly #abort: AbortController;
  readonly #clock: Clock;
  readonly #told: Told;

  constructor(message: Message, head: JobHead, body: JobBody, abort: AbortController, clock: Clock, told: Told) {
    this.#abort = abort;
    this.message = message;
    this.head = head;
    this.body = body;
    this.#clock = clock;
    this.#told = told;
    this.event('begun', { attempt: head.attempts, tick: head.tick });
  }

  get id(): number {
    return this.head.id;
  }

  /** Aborts when the job is to end: cancelled, or with its tick. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** What the model will be shown in every turn. */
  prepared(
    model: { name: string; real: boolean },
    system: string,
    perceived: readonly Perceived[],
    tools: readonly Offer[],
  ): void {
    const shown = cut(system, SYSTEM);
    const rest = Buffer.byteLength(system) - Buffer.byteLength(shown);
    Object.assign(this.body, {
      model: model.name,
      real: model.real,
      system: rest > 0 ? `${shown}\n[cut: ${rest} bytes]` : shown,
      perceived: perceived.map(({ path }) => path),
      tools: tools.map(({ name }) => name),
    });
  }

  /** A turn begins. Gives the conversation that the model is shown. */
  turn(): Turn[] {
    const number = this.body.turns.push({ started: this.#now(), text: '', calls: [], results: [] });
    this.head.turns = number;
    this.event('turn', { turn: number });
    return messagesOf(this.body, number);
  }

  /** The model goes on. */
  text(piece: string): void {
    const turn = this.#turn;
    turn.text += piece;
    this.#told({ time: this.#now(), type: 'text', turn: this.body.turns.length, text: piece });
  }

  /** The model has ended its turn. */
  replied({ text, calls = [], usage }: Reply): void {
    Object.assign(this.#turn, { ended: this.#now(), text, calls, usage });
    this.event('reply', { turn: this.body.turns.length, calls: calls.length, usage });
  }

  called({ name }: Call): void {
    const number = this.#turn.results.push({ started: this.#now(), output: '', failed: false });
    this.event('call', { turn: this.body.turns.length, call: number, name });
  }

  /** The call that was begun last has ended. */
  returned({ output, failed }: Pick<Result, 'output' | 'failed'>): void {
    const { results } = this.#turn;
    Object.assign(results.at(-1)!, { ended: this.#now(), output, failed });
    this.event('result', { turn: this.body.turns.length, call: results.length, failed });
  }

  event(type: string, fields: object = {}): void {
    const record = { time: this.#now(), type, ...fields };
    this.body.events.push(record);
    this.#told(record);
  }

  get #turn(): JobTurn {
    return this.body.turns.at(-1)!;
  }

  #now(): string {
    return timeText(this.#clock.now());
  }
}
