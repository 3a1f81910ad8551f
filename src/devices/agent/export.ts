import { decode } from '../../agent/text.ts';
import { Call } from '../../files/call.ts';
import type { AgentContext } from './agent-dir.ts';

/** A pattern is no longer. */
const LIMIT = 4_096;

/** All that the agent remembers, or what matches a pattern, as one bundle. */
export const exported = ({ agent, server }: AgentContext): Call =>
  new Call(server.world, {
    usage: `write a pattern as for forget, or an empty line for everything, then read the bundle, on one descriptor:
  exec 3<>export; echo >&3; cat <&3 > ada.jsonl; exec 3>&-
`,
    limit: LIMIT,
    failed: (error) => agent.refused('memory/export', error),
    submit: (input, signal) => agent.memory.export(decode(input).trim(), signal),
  });
