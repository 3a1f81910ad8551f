import { timeText } from '../../drivers/clock/clock.ts';
import { Text } from '../../files/text.ts';
import { duration, json, lines } from '../render.ts';
import type { Server } from '../server.ts';

const record = (server: Server): Record<string, unknown> => {
  const states: Record<string, number> = {};
  let total = 0;
  for (const { shown } of server.agents.list()) {
    total++;
    states[shown] = (states[shown] ?? 0) + 1;
  }
  const { name, real } = server.agents.models.first;
  return {
    version: server.version,
    started: timeText(server.started),
    uptime: duration(server.world.now() - server.started),
    agents: { total, ...states },
    loaded: server.agents.loaded,
    listeners: server.listeners(),
    mounts: server.mounts(),
    model: { provider: name, real },
  };
};

/** For people: one line a key. */
export const status = (server: Server): Text =>
  new Text(server.world, () => {
    const { listeners: _, model: __, agents, ...rest } = record(server);
    const { name, real } = server.agents.models.first;
    const counts = Object.entries(agents as Record<string, number>).map(([state, count]) => `${state} ${count}`);
    const listeners = server
      .listeners()
      .map(({ address, insecure, tier }) => (insecure ? `${address} INSECURE: anybody is ${tier}` : address));
    return lines({
      version: rest.version,
      started: rest.started,
      uptime: rest.uptime,
      agents: counts.join(', '),
      loaded: rest.loaded,
      listeners,
      mounts: rest.mounts,
      model: real ? name : `${name} (NOT A LANGUAGE MODEL: no provider is configured)`,
    });
  });

/** The same for programs. */
export const statusJson = (server: Server): Text => new Text(server.world, () => json(record(server)));
