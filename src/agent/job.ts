import { Errno } from '../kernel/errno.ts';
import { timeText } from '../drivers/clock/clock.ts';
import { ModelError, type Perceived } from '../drivers/model/model.ts';
import { Effects, type Effect } from './effects.ts';
import type { Message } from './inbox.ts';
import { originText, senderOf } from './origin.ts';
import { shutdown } from './shutdown.ts';
import { think, type Thought, type Work } from './thinking.ts';
import type { Worked } from './tick-record.ts';

/** How long a message waits after each failure that may pass, in milliseconds. */
const RETRIES = [1_000, 10_000, 60_000];

/** Times a message may take the server down with it. */
const CRASHES = 5;

/** What a message came to, and what the phases of its tick say of it. */
export interface Ended extends Worked {
  /** Absent: the model was not asked, or failed. */
  readonly thought?: Thought | undefined;
}

/** What a tick gives its jobs. */
export type Given = Omit<Work, 'effects' | 'job'>;

/** One message, from being perceived to its answer, or to where it goes without one. Its effects are in `tick` then. */
export const job = async (given: Given, perceived: readonly Perceived[], tick: Effects): Promise<Ended> => {
  const { agent, log, message } = given;
  const { id } = message;
  const refusal = refused(message, log.started);
  if (refusal) {
    const { outcome, error } = refusal;
    const status = { status: outcome, error: { code: error.code, reason: error.message } };
    tick.push(...buried(given, error, outcome), { operations: [agent.jobs.mark(message, status)] });
    return { ...failure(given, error), outcome };
  }
  const running = agent.jobs.begin(message, log.number, given.abort);
  const effects = new Effects();
  let thought: Thought;
  try {
    thought = await think({ ...given, effects, job: running }, perceived);
  } catch (error) {
    effects.revert();
    const ended = failed(given, running.signal, error, tick);
    const { outcome, error: why, retry } = ended;
    const status = retry === undefined ? (outcome as 'failed' | 'cancelled' | 'interrupted') : 'retrying';
    tick.push(agent.jobs.end(running, { status, error: why, retry }));
    return ended;
  }
  tick.take(effects);
  // An agent's answer to something this agent said is taken in and not answered: two of them would never end.
  const noted =
    message.origin.tier === 'agent' && message.inReplyTo !== undefined && agent.outbox.has(message.inReplyTo);
  const { text, usage } = thought;
  const answer = noted ? undefined : await respond(given, text, tick);
  const outcome = noted ? 'noted' : 'answered';
  const said = answer === undefined ? undefined : { id: answer, text };
  tick.push(agent.memory.remember(message, { tick: log.number, outcome, answer: said }));
  tick.push(agent.inbox.consume(message), agent.jobs.end(running, { status: 'done', answer, usage, result: text }), {
    operations: [],
    apply: () => agent.replies.resolve(id, text),
  });
  return { job: message.job, message: id, outcome, answer, usage, thought };
};

/** Why a message is not worked on at all. */
const refused = (message: Message, now: number): { outcome: 'expired' | 'failed'; error: Errno } | undefined => {
  const { expires, interrupted } = message;
  if (expires !== undefined && expires <= now) {
    return { outcome: 'expired', error: new Errno('ETIMEDOUT', `it expired at ${timeText(expires)}`) };
  }
  if (interrupted < CRASHES) return undefined;
  return { outcome: 'failed', error: new Errno('EIO', `the server died ${CRASHES} times while a tick worked on it`) };
};

/** Into the outbox, and where the answer is for an agent of this server, into its inbox with the same commit. */
const respond = async ({ agent, host, message }: Given, text: string, tick: Effects): Promise<string> => {
  const subject = message.subject === undefined ? undefined : `Re: ${message.subject.replace(/^Re: /, '')}`;
  const { origin: from } = message;
  const target = from.tier === 'agent' ? await host.load(from.id ?? from.name) : undefined;
  const to = target?.name ?? senderOf(from);
  const sent = agent.outbox.send({ to, text, subject, inReplyTo: message.id });
  tick.push(sent);
  // What it asked itself it knows when it has answered.
  if (target && target !== agent) {
    const origin = { tier: 'agent', name: agent.name, id: agent.id } as const;
    const bytes = Buffer.from(`Id: ${sent.id}\nIn-Reply-To: ${message.id}\n\n${text}`);
    try {
      tick.push(target.inbox.offer(bytes, { origin }));
    } catch (error) {
      // Its inbox is full, say: the answer stands in the outbox, and the one who was to have it can read why.
      target.refused('inbox', error);
    }
  }
  return sent.id;
};

const failed = (work: Given, signal: AbortSignal, error: unknown, tick: Effects): Ended => {
  const { agent, host, message } = work;
  const stopped = signal.aborted;
  const found = stopped ? (signal.reason as Errno) : Errno.from(error, () => undefined);
  const reason = found.code === 'EIO' && error instanceof Error ? error.message : found.message;
  const told = failure(work, new Errno(found.code, reason));
  if (found === shutdown) return { ...told, outcome: 'interrupted' };
  const wait = RETRIES[message.attempts];
  if (!stopped && error instanceof ModelError && error.retryable && wait !== undefined) {
    const next = host.clock.now() + wait;
    const { attempts, notBefore } = message;
    tick.push({
      operations: [agent.inbox.postpone(message, { attempts: attempts + 1, notBefore: next })],
      revert: () => Object.assign(message, { attempts, notBefore }),
    });
    return { ...told, retry: timeText(next) };
  }
  const final = new Errno(found.code, reason);
  if (!stopped) {
    tick.push(...buried(work, final, 'failed'));
    return told;
  }
  // Whoever cancelled it knows: it is no dead letter, its job says what it was.
  tick.push(remembered(work, final, 'cancelled'), agent.inbox.consume(message), {
    operations: [],
    apply: () => agent.replies.reject(message.id, final),
  });
  return { ...told, outcome: 'cancelled' };
};

const failure = ({ log, message }: Given, { code, message: reason }: Errno): Ended => {
  const error = { code, reason };
  log.note('error', { message: message.id, origin: originText(message.origin), ...error });
  return { job: message.job, message: message.id, outcome: 'failed', error };
};

const remembered = ({ agent, message, log }: Given, error: Errno, outcome: string): Effect =>
  agent.memory.remember(message, { tick: log.number, outcome, error: { code: error.code, reason: error.message } });

const buried = (work: Given, error: Errno, outcome: string): Effect[] => [
  remembered(work, error, outcome),
  ...work.agent.dead.bury(work.message, error),
  { operations: [], apply: () => work.agent.replies.reject(work.message.id, error) },
];
