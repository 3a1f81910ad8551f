import { Errno } from '../../kernel/errno.ts';
import type { CheckpointInfo } from '../../agent/checkpoint/checkpoints.ts';
import { Verbs } from '../../files/verbs.ts';
import type { AgentContext } from './agent-dir.ts';
import { jobOf } from './jobs.ts';

/** Commands to one agent. None of them waits for it. */
export const ctl = ({ agent, server }: AgentContext): Verbs =>
  new Verbs(server.world, [
    {
      name: 'tick',
      args: '[REASON...]',
      says: 'one step; returns when it is accepted',
      run: async (words, request) => {
        await agent.tick(words.join(' '), request.subject);
        return undefined;
      },
    },
    {
      name: 'wake',
      args: '',
      says: 'end hibernation; it is loaded and idle',
      run: async (_words, request) => {
        await agent.wake(request.subject);
        return undefined;
      },
    },
    {
      name: 'hibernate',
      args: '',
      says: 'sleep until work arrives; nothing of it stays in memory',
      run: async (_words, request) => {
        await agent.hibernate('hibernate', request.subject);
        return undefined;
      },
    },
    {
      name: 'cancel',
      args: '[JOB]',
      says: 'end a job; without one, those that run, else those that wait for another try',
      run: async ([name], { subject }) => {
        const reason = `cancelled by ${subject.tier}`;
        if (name === undefined) await agent.jobs.cancelAll(reason);
        else {
          const job = jobOf(agent, name);
          if (job === undefined) throw new Errno('ENOENT', `no job '${name}'`);
          await agent.jobs.cancel(job, reason);
        }
        return undefined;
      },
    },
    {
      name: 'pause',
      args: '',
      says: 'no further ticks; one that runs is finished',
      run: async (_words, request) => {
        await agent.pause(request.subject);
        return undefined;
      },
    },
    {
      name: 'resume',
      args: '',
      says: 'go on after a pause or a failure',
      run: async (_words, request) => {
        await agent.resume(request.subject);
        return undefined;
      },
    },
    {
      name: 'checkpoint',
      args: 'NAME',
      says: 'keep what it is now, work/ included; not while it works',
      run: async ([name], { subject, signal }) => told(await agent.checkpoints.make(name!, subject, { signal })),
    },
    {
      name: 'restore',
      args: 'NAME',
      says: 'be again what it was at a checkpoint; what it is now is another one first',
      run: async ([name], { subject, signal }) => {
        const saved = await server.agents.restore(agent.name, name!, subject, signal);
        return `restored ${name!}; what was before is checkpoint ${saved}`;
      },
    },
    {
      name: 'fork',
      args: 'NAME [CHECKPOINT]',
      says: 'a new agent with its state, now or at a checkpoint; without messages, history and budget',
      run: async ([name, checkpoint], { subject, signal }) => {
        const options = { subject, signal, ...(checkpoint === undefined ? {} : { checkpoint }) };
        await server.agents.fork(agent.name, name!, options);
        return `forked agents/${name!}`;
      },
    },
    {
      name: 'archive',
      args: '',
      says: 'remove it, as rmdir does',
      run: async (_words, { subject }) => `archived as ${await server.agents.archive(agent.name, subject)}`,
    },
  ]);

const told = ({ name, work }: CheckpointInfo): string => {
  const left = work.left === 0 ? '' : `, ${work.left} sockets, devices or mounts left out`;
  return `checkpoint ${name}: ${work.entries} in work/, ${work.bytes} bytes${left}`;
};
