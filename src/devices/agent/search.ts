import type { Found } from '../../agent/memory/memory.ts';
import { decode } from '../../agent/text.ts';
import { Call } from '../../files/call.ts';
import type { AgentContext } from './agent-dir.ts';

const LIMIT = 1024 * 1024;

/** Words in, the memories that have them out, the likeliest first. */
export const search = ({ agent, server }: AgentContext): Call =>
  new Call(server.world, {
    usage: `write words, then read what has them, on one descriptor: SCORE, PATH and EXCERPT, a tab between
  exec 3<>search; echo 'tea' >&3; cat <&3; exec 3>&-
`,
    limit: LIMIT,
    failed: (error) => agent.refused('memory/search', error),
    submit: async (input, signal) => (await agent.memory.search(decode(input), signal)).map(lineOf).join(''),
  });

const lineOf = ({ score, path, excerpt }: Found): string => `${score.toFixed(2)}\t${path}\t${excerpt}\n`;
