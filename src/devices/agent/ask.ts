import { MESSAGE } from '../../agent/inbox.ts';
import { Call } from '../../files/call.ts';
import type { AgentContext } from './agent-dir.ts';

/** A prompt in, the answer out, on one descriptor. */
export const ask = ({ agent, server }: AgentContext): Call =>
  new Call(server.world, {
    usage: `write a prompt, then read the answer, on one descriptor:
  exec 3<>ask; echo 'what is new?' >&3; cat <&3; exec 3>&-
or, from any shell: weft ask ${agent.name} 'what is new?'
`,
    limit: MESSAGE,
    failed: (error) => agent.refused('ask', error),
    submit: (input, signal, request) => agent.ask(input, request.subject, signal),
  });
