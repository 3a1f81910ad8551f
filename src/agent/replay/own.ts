import type { Origin } from '../origin.ts';
import type { Recorded } from './recorded.ts';

/**
 * Messages that the agent itself sent: told or answered to itself, or of a goal it set itself. A replay makes them again,
 * where all others (also those of its schedules, and what somebody else had its outbox or a goal of its own send) are given.
 */
export const ownOf = (recording: readonly Recorded[]): Set<Recorded> => {
  const own = new Set<Recorded>();
  const said = new Set<string>();
  // The answers of a tick that had several messages are not all in its records.
  const several = recording.some(({ phase, messages }) => phase === 'PERCEIVE' && messages !== undefined);
  const taken = new Set<string>();
  let name = recording[0]?.['name'];
  for (const record of recording) {
    if (record.type === 'renamed') name = record['to'];
    const { answer } = record as { answer?: string };
    if (record['phase'] === 'REMEMBER' && answer !== undefined) said.add(answer);
    if (record.type === 'tool' && record['failed'] !== true) said.add(outcome(record));
    if (record.type !== 'message') continue;
    const id = String(record['message']);
    const from = record['from'] as Origin;
    const self = from.tier === 'agent' && from.name === name && !taken.has(id);
    const sent = self && (said.has(id) || (several && record['in_reply_to'] !== undefined));
    if (sent || (from.tier === 'goal' && said.delete(`goals/${from.name}`))) own.add(record);
    taken.add(id);
  }
  return own;
};

/** The id of what was told, or the path of a goal. */
const outcome = ({ output }: Recorded): string => {
  const text = String(output);
  return /^told \S+ \((\S+)\)$/.exec(text)?.[1] ?? text;
};
