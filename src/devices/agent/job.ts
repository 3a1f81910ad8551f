import { MESSAGE } from '../../agent/inbox.ts';
import { FEEDBACK } from '../../agent/jobs/jobs.ts';
import { isEnd } from '../../agent/jobs/record.ts';
import { Ending } from '../../files/ending.ts';
import { Log } from '../../files/log.ts';
import { Once } from '../../files/once.ts';
import { Text } from '../../files/text.ts';
import { Value } from '../../files/value.ts';
import { Verbs } from '../../files/verbs.ts';
import { Errno } from '../../kernel/errno.ts';
import { json, lines } from '../render.ts';
import type { JobContext } from './jobs.ts';

/** What is asked: written once where the job was made with mkdir. */
export const request = ({ agent, server, id, name }: JobContext): Once =>
  new Once(server.world, {
    limit: MESSAGE,
    content: () => {
      const body = id() === 0 ? undefined : agent.jobs.body(id());
      return body && Buffer.from(body.request);
    },
    stage: async (content, by) => {
      if (name === undefined) throw new Errno('EEXIST', 'the request is written');
      const staged = await agent.inbox.stage(content, { origin: by.subject, plain: true, job: name });
      return {
        publish: () => agent.inbox.publish(staged),
        drop: () => agent.inbox.discardStage(staged),
      };
    },
  });

/** How it is, keys in the order of the page; what is not yet is empty. */
const shown = ({ agent, id, name }: JobContext): Record<string, string | number> => {
  const head = id() === 0 ? undefined : agent.jobs.head(id());
  return {
    id: id() === 0 ? '' : id(),
    name: head?.name ?? name ?? '',
    status: head?.status ?? 'draft',
    message: head?.message ?? '',
    origin: head?.origin ?? '',
    replays: head?.replays ?? '',
    created: head?.created ?? '',
    started: head?.started ?? '',
    ended: head?.ended ?? '',
    attempts: head?.attempts ?? 0,
    tick: head?.tick ?? '',
    turns: head?.turns ?? 0,
    retry: head?.retry ?? '',
    answer: head?.answer ?? '',
    error: head?.error ? `${head.error.code}: ${head.error.reason}` : '',
  };
};

export const jobStatus = (context: JobContext): Text => new Text(context.server.world, () => lines(shown(context)));

export const jobStatusJson = (context: JobContext): Text => new Text(context.server.world, () => json(shown(context)));

/** The answer; opened before it is there, it waits. */
export const result = ({ agent, server, id }: JobContext): Ending =>
  new Ending(server.world, {
    peek: () => agent.jobs.ended(id()),
    wait: (signal) => agent.jobs.result(id(), signal),
  });

/** Why it failed, in words. */
export const jobError = ({ agent, server, id }: JobContext): Text =>
  new Text(server.world, () => {
    const error = agent.jobs.head(id())?.error;
    return error ? `${error.code}: ${error.reason}\n` : '';
  });

/** What it took. */
export const cost = ({ agent, server, id }: JobContext): Text =>
  new Text(server.world, () => {
    const { usage, turns = 0 } = agent.jobs.head(id()) ?? {};
    return lines({ turns, input_tokens: usage?.input ?? 0, output_tokens: usage?.output ?? 0 });
  });

export const jobCtl = ({ agent, server, id }: JobContext): Verbs =>
  new Verbs(server.world, [
    {
      name: 'cancel',
      args: '',
      says: 'end it, wherever it is',
      run: async (_words, { subject }) => {
        await agent.jobs.cancel(id(), `cancelled by ${subject.tier}`);
        return undefined;
      },
    },
  ]);

/** What somebody has to say of it. */
export const feedback = ({ agent, server, id }: JobContext): Value =>
  new Value(server.world, {
    limit: FEEDBACK,
    load: () => agent.jobs.feedback(id()),
    stage: async (content) => {
      const staged = await agent.jobs.stageFeedback(id(), content);
      return {
        publish: async () => {
          await staged.publish();
          return undefined;
        },
        drop: () => staged.drop(),
      };
    },
  });

/** One record an event, over all its attempts. */
export const jobLog = ({ agent, server, id }: JobContext): Log => {
  const content = (): Buffer =>
    Buffer.from(
      agent.jobs
        .events(id())
        .map((event) => `${JSON.stringify(event)}\n`)
        .join(''),
    );
  return new Log(server.world, {
    get size() {
      return content().length;
    },
    read: (offset, count) => content().subarray(offset, offset + count),
    hold: () => undefined,
    release: () => undefined,
  });
};

/** What is there of a job: only the request before that is written, an end only where it came to that end. */
export const shownIn = ({ agent, id }: JobContext, name: string): 'listed' | 'hidden' | 'absent' => {
  if (/^(request|status)/.test(name)) return 'listed';
  if (id() === 0) return 'absent';
  if (name !== 'result' && name !== 'error') return 'listed';
  const head = agent.jobs.head(id());
  if (name === 'result') return head?.status === 'done' ? 'listed' : 'hidden';
  return head?.error && isEnd(head.status) ? 'listed' : 'absent';
};
