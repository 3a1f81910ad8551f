import type { Metrics, Reading } from '../../drivers/metrics/metrics.ts';
import { Text } from '../../files/text.ts';
import type { Server } from '../server.ts';

const known = new WeakSet<Metrics>();

/** Figures of the whole server for Prometheus and whatever reads its format. */
export const metrics = (server: Server): Text => {
  if (!known.has(server.metrics)) register(server);
  known.add(server.metrics);
  return new Text(server.world, () => server.metrics.text());
};

const one = (value: number): Reading[] => [{ value }];

/** What is asked for when somebody looks. */
const register = (server: Server): void => {
  const { agents, metrics } = server;
  const labels = { version: server.version };
  metrics.read('weft_info', 'The version of the server.', () => [{ labels, value: 1 }]);
  metrics.read('weft_start_time_seconds', 'When the server started, since the epoch.', () =>
    one(server.started / 1000),
  );
  metrics.read('weft_agents', 'Agents, by state.', () => states(server));
  metrics.read('weft_agents_loaded', 'Agents in memory.', () => one(agents.loaded));
  metrics.read('weft_messages_waiting', 'Messages in the inboxes.', () =>
    one(agents.list().reduce((sum, { queue }) => sum + queue, 0)),
  );
  metrics.read('weft_ticks_running', 'Ticks that run.', () => one(agents.busy.running));
  metrics.read('weft_ticks_waiting', 'Agents that wait for their turn.', () => one(agents.busy.waiting));
  metrics.read('weft_connections', '9P connections.', () => one(server.connections()));
  metrics.read('weft_mounts', 'Directories on which the tree is mounted.', () => one(server.mounts().length));
  metrics.read('weft_memory_bytes', 'Memory of the process, by kind.', () => {
    const { rss, heapUsed, external } = process.memoryUsage();
    return kinds({ resident: rss, heap: heapUsed, external });
  });
};

const kinds = (values: Readonly<Record<string, number>>): Reading[] =>
  Object.entries(values).map(([kind, value]) => ({ labels: { kind }, value }));

const states = (server: Server): Reading[] => {
  const counts = { idle: 0, working: 0, paused: 0, hibernated: 0, failed: 0 };
  for (const { shown } of server.agents.list()) counts[shown]++;
  return Object.entries(counts).map(([state, value]) => ({ labels: { state }, value }));
};
