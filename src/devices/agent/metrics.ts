import type { Samples } from '../../agent/meters.ts';
import { Text } from '../../files/text.ts';
import { duration, lines } from '../render.ts';
import type { AgentContext } from './agent-dir.ts';

/** Calls of the model and of tools a minute. */
export const apm = ({ agent, server }: AgentContext): Text =>
  new Text(server.world, () => {
    const { minute, hour } = agent.meter.acts.perMinute(server.world.now());
    return lines({ last_minute: minute, last_hour: hour.toFixed(2) });
  });

/** What waits for it. */
export const queue = ({ agent, server }: AgentContext): Text =>
  new Text(server.world, () => {
    let [retries, oldest] = [0, Infinity];
    for (const { attempts, date } of agent.inbox.list()) {
      if (attempts > 0) retries++;
      oldest = Math.min(oldest, date);
    }
    return lines({
      messages: agent.inbox.size,
      retries,
      ticks: agent.record.requests.length,
      oldest: oldest === Infinity ? '' : duration(server.world.now() - oldest),
    });
  });

/** How long messages wait for their tick, and how long ticks take. */
export const latency = ({ agent, server }: AgentContext): Text =>
  new Text(server.world, () =>
    lines({ ...percentiles('wait', agent.meter.waits), ...percentiles('tick', agent.meter.ticks) }),
  );

const percentiles = (name: string, samples: Samples): Record<string, string | number> => {
  const at = (percent: number): string => {
    const ms = samples.percentile(percent);
    return ms === undefined ? '' : `${ms.toFixed(2)}ms`;
  };
  return { [`${name}s`]: samples.size, [`${name}_p50`]: at(50), [`${name}_p90`]: at(90), [`${name}_p99`]: at(99) };
};
