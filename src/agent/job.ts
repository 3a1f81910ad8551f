import { Errno } from '../kernel/errno.ts';
import { timeText } from '../drivers/clock/clock.ts';
import { ModelError, type Perceived } from '../drivers/model/model.ts';
import { Effects } from './effects.ts';
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

/** One message, from being perceived to its answer, or to where it goes without one. Its effects are in `tick` then. */
export const job = async (
  work: Omit<Work, 'effects'>,
  perceived: readonly Perceived[],
  tick: Effects,
): Promise<Ended> => {
  const { agent, message } = work;
  const refusal = refused(message, work.log.started);
  if (refusal) {
    tick.push(...buried(work, refusal.error));
    return { ...failure(work, refusal.error), outcome: refusal.outcome };
  }
  const effects = new Effects();
  let thought: Thought;
  try {
    thought = await think({ ...work, effects }, perceived);
  } catch (error) {
    effects.revert();
    return failed(work, error, tick);
  }
  tick.take(effects);
  const { id } = message;
  // An agent's answer to something this agent said is taken in and not answered: two of them would never end.
  const noted =
    message.origin.tier === 'agent' && message.inReplyTo !== undefined && agent.outbox.has(message.inReplyTo);
  const answer = noted ? undefined : await respond(work, thought.text, tick);
  tick.push(agent.inbox.consume(message), {
    operations: [],
    apply: () => agent.replies.resolve(id, thought.text),
  });
  return { message: id, outcome: noted ? 'noted' : 'answered', answer, usage: thought.usage, thought };
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
const respond = async (
  { agent, host, message }: Omit<Work, 'effects'>,
  text: string,
  tick: Effects,
): Promise<string> => {
  const subject = message.subject === undefined ? undefined : `Re: ${message.subject.replace(/^Re: /, '')}`;
  const sent = agent.outbox.send({ to: senderOf(message.origin), text, subject, inReplyTo: message.id });
  tick.push(sent);
  const target = message.origin.tier === 'agent' ? await host.load(message.origin.name) : undefined;
  if (target) {
    const origin = { tier: 'agent', name: agent.name } as const;
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

const failed = (work: Omit<Work, 'effects'>, error: unknown, tick: Effects): Ended => {
  const { agent, host, message, signal } = work;
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
  tick.push(...buried(work, new Errno(found.code, reason)));
  return { ...told, outcome: stopped ? 'cancelled' : 'failed' };
};

const failure = ({ log, message }: Omit<Work, 'effects'>, { code, message: reason }: Errno): Ended => {
  const error = { code, reason };
  log.note('error', { message: message.id, origin: originText(message.origin), ...error });
  return { message: message.id, outcome: 'failed', error };
};

const buried = ({ agent, message }: Omit<Work, 'effects'>, error: Errno) => [
  ...agent.dead.bury(message, error),
  { operations: [], apply: () => agent.replies.reject(message.id, error) },
];
