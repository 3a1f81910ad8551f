import { Errno } from '../kernel/errno.ts';
import { timeText } from '../drivers/clock/clock.ts';
import { del, put } from '../drivers/store/store.ts';
import { TICKS, type Agent } from './agent.ts';
import type { Host } from './host.ts';
import { runKey, tickKey } from './keys.ts';
import type { RunMark, TickRecord } from './tick-record.ts';

const died = 'the server died while this tick ran';
const unrecorded = 'the server died before anything of this tick was recorded';

/**
 * Fails the tick a crash cut off, with its reason. Its messages are still in the inbox, because they leave only with the
 * effects of a tick that ended; so they are taken again, by a new tick.
 */
export const recoverRun = async (agent: Agent, host: Host): Promise<void> => {
  const stored = host.store.get(runKey(agent.id));
  const mark = stored ? (JSON.parse(Buffer.from(stored).toString()) as RunMark) : beforeMark(agent, host);
  if (!mark) return;
  const reason = stored ? died : unrecorded;
  const { tick, cause, started, messages: names } = mark;
  const time = timeText(host.clock.now());
  const messages = names.flatMap((name) => agent.inbox.get(name) ?? []);
  const [message] = messages;
  const record: TickRecord = {
    tick,
    cause,
    started,
    ended: time,
    outcome: 'interrupted',
    model: agent.record.model,
    ...(message ? { message: message.id, job: message.job } : {}),
    error: { code: 'EIO', reason },
    phases: [],
  };
  agent.record.tick = Math.max(agent.record.tick, tick);
  agent.record.lastTick = time;
  agent.record.lastCause = cause;
  agent.record.error = `EIO: ${reason}`;
  agent.trajectory.append({ time, tick, cause: 'recovery', type: 'recovery', message: message?.id, reason });
  agent.errors.add(`logs/ticks/${tick}.json`, new Errno('EIO', reason));
  host.event('tick.ended', agent.name, { tick, cause, outcome: 'interrupted', message: message?.id, reason });
  await host.commit(
    [
      put(tickKey(agent.id, tick), Buffer.from(`${JSON.stringify(record)}\n`)),
      // As every tick does: what this one crowds out would otherwise stay for ever.
      ...(tick > TICKS ? [del(tickKey(agent.id, tick - TICKS))] : []),
      del(runKey(agent.id)),
      ...messages.flatMap((one) => [
        agent.jobs.mark(one, { status: 'interrupted', error: { code: 'EIO', reason } }),
        agent.inbox.postpone(one, { interrupted: one.interrupted + 1 }),
      ]),
      ...agent.errors.operations(),
      agent.save(),
    ],
    agent.journals,
  );
};

/** A tick that was counted, by somebody else's commit, and not yet marked. */
const beforeMark = ({ id, record }: Agent, { store }: Host): RunMark | undefined => {
  if (record.tick === 0 || store.get(tickKey(id, record.tick))) return undefined;
  return { tick: record.tick, cause: 'recovery', started: record.lastTick ?? record.created, messages: [] };
};
