import { hash } from 'node:crypto';
import { Errno, type Code } from '../kernel/errno.ts';
import {
  ModelError,
  type Call,
  type Model,
  type Perceived,
  type Reply,
  type Request,
  type Usage,
} from '../drivers/model/model.ts';
import { abortable } from './abortable.ts';
import type { Agent } from './agent.ts';
import type { Effects } from './effects.ts';
import type { Host } from './host.ts';
import type { Message } from './inbox.ts';
import type { RunningJob } from './jobs/running.ts';
import { originText } from './origin.ts';
import { plain } from './plain.ts';
import { system } from './prompt.ts';
import { cut } from './text.ts';
import type { TickLog } from './tick-log.ts';

/** Calls of one turn, and bytes of a tool's output that the model is shown. */
const CALLS = 64;
const OUTPUT = 65_536;

/** One message that is worked on. */
export interface Work {
  readonly agent: Agent;
  readonly host: Host;
  readonly log: TickLog;
  readonly message: Message;
  /** Ends the job: that of the tick, where it is the only one. */
  readonly abort: AbortController;
  readonly job: RunningJob;
  /** This message's own: taken over by the tick when it went well, reverted when not. */
  readonly effects: Effects;
}

export interface Thought {
  readonly text: string;
  /** Of all turns together. */
  readonly usage: Usage;
  readonly turns: number;
  /** Calls of tools that were run. */
  readonly acts: number;
}

type Asked = Pick<Request, 'system' | 'messages' | 'origin'>;

/** How a call of a model ended that gave no turn. */
export interface ModelFailure {
  readonly code: Code;
  readonly reason: string;
  readonly retryable: boolean;
}

interface Said extends Reply {
  readonly error: ModelFailure;
}

/**
 * A conversation with the model: it is asked, what it calls is run and told to it, until it calls nothing more; the text
 * of that turn is the answer. ELOOP when it does not come to an end; what the model fails with; the signal's reason.
 */
export const think = async (work: Work, perceived: readonly Perceived[]): Promise<Thought> => {
  const { agent, host, log, message, job } = work;
  const { signal } = job;
  const { model } = agent;
  const tools = host.tools.offers;
  const prompt = { system: system(agent.name, perceived), perceived, origin: originText(message.origin) };
  job.prepared(model, prompt.system, perceived, tools);
  const { max_turns: most } = agent.settings.loop;
  const usage = { input: 0, output: 0 };
  let acts = 0;
  for (let turn = 1; turn <= most; turn++) {
    signal.throwIfAborted();
    const asked = { ...prompt, messages: job.turn(), tools };
    const onText = (text: string): void => {
      // What comes after the end of the job belongs to nothing any more.
      if (signal.aborted) return;
      log.trace('text', { job: job.id, text });
      job.text(text);
      log.slow(job);
    };
    let reply: Reply;
    try {
      reply = assertFew(await abortable(model.turn({ ...asked, signal, onText }), signal));
    } catch (error) {
      if (!signal.aborted) note(log, model, asked, { error: told(error) });
      throw error;
    }
    usage.input += reply.usage.input;
    usage.output += reply.usage.output;
    const calls = reply.calls ?? [];
    job.replied({ ...reply, calls });
    note(log, model, asked, { ...reply, calls });
    if (calls.length === 0) return { text: reply.text, usage, turns: turn, acts };
    for (const call of calls) {
      await act(work, call);
      acts++;
    }
    log.slow(job);
  }
  throw new Errno('ELOOP', `the model came to no end in ${most} turns`);
};

/** The newest of what it was told, what it said, and a hash of all it was told: with the records before, all of the call. */
const note = (
  log: TickLog,
  { name, real }: Model,
  asked: Asked,
  { text, calls, usage, error }: Partial<Said>,
): void => {
  const { system, messages, origin } = asked;
  const prompt = hash('sha256', plain(JSON.stringify([system, messages, origin])));
  const said = error ? { error } : { text, ...(calls?.length ? { calls } : {}), usage };
  log.note('model', { model: name, real, prompt, messages: messages.slice(-1), ...said });
};

const told = (error: unknown): ModelFailure => {
  const { code, message } = Errno.from(error, () => undefined);
  const reason = error instanceof Error ? error.message : message;
  return { code, reason, retryable: error instanceof ModelError && error.retryable };
};

/** E2BIG, and none of them is run, rather than the first few: what is left out in silence is taken for done. */
const assertFew = (reply: Reply): Reply => {
  const many = reply.calls?.length ?? 0;
  if (many <= CALLS) return reply;
  throw new ModelError('E2BIG', `the model made ${many} calls in one turn, of ${CALLS} at most`, { retryable: false });
};

/** A failure of a tool is the model's to deal with; only the end of the job is not. */
const act = async (work: Work, call: Call): Promise<void> => {
  const { agent, host, log, message, job, effects } = work;
  const { id, name, input } = call;
  const { signal } = job;
  job.called(call);
  let output: string;
  let failed = false;
  try {
    const context = { agent, host, tick: log.number, job: job.id, message, signal, effects };
    const tool = host.tools.get(name);
    const run = async (): Promise<string> => tool.run(input as Record<string, unknown>, context);
    output = await abortable(run(), signal);
  } catch (error) {
    signal.throwIfAborted();
    const { code, message: reason } = Errno.from(error, () => undefined);
    failed = true;
    output = `${code}: ${error instanceof Error ? error.message : reason}`;
  }
  const shown = cut(output, OUTPUT);
  if (shown !== output) output = `${shown}\n[cut: ${Buffer.byteLength(output) - Buffer.byteLength(shown)} bytes]\n`;
  log.note('tool', { call: id, name, input, output, failed });
  job.returned({ output, failed });
};
