import { messagesOf, type JobTurn, type ToolResult } from '../../agent/jobs/record.ts';
import type { Call } from '../../drivers/model/model.ts';
import { Text } from '../../files/text.ts';
import { Errno } from '../../kernel/errno.ts';
import { json } from '../render.ts';
import type { CallContext, TurnContext } from './jobs.ts';

/** What the model was asked, for programs. */
export const turnRequest = ({ agent, server, id, turn }: TurnContext): Text =>
  new Text(server.world, () => {
    const body = agent.jobs.body(id());
    if (!body) throw new Errno('ESTALE', 'the job is no longer there');
    const { model, real, system, perceived, tools } = body;
    return json({ model, real, system, perceived, tools, messages: messagesOf(body, turn) });
  });

/** What it said, as far as it has come. */
export const turnResponse = ({ agent, server, id, turn }: TurnContext): Text =>
  new Text(server.world, () => {
    const { started, ended, text, calls, usage } = turnOf(agent.jobs.body(id())?.turns[turn - 1]);
    return json({ started, ended: ended ?? '', partial: ended === undefined, text, calls, usage: usage ?? {} });
  });

export const toolName = (context: CallContext): Text =>
  new Text(context.server.world, () => `${callOf(context).call.name}\n`);

export const toolInput = (context: CallContext): Text =>
  new Text(context.server.world, () => json(callOf(context).call.input));

/** What the model was told it came to. */
export const toolOutput = (context: CallContext): Text =>
  new Text(context.server.world, () => callOf(context).result.output);

export const toolStatus = (context: CallContext): Text =>
  new Text(context.server.world, () => {
    const { ended, failed } = callOf(context).result;
    return `${ended === undefined ? 'running' : failed ? 'failed' : 'done'}\n`;
  });

const turnOf = (turn: JobTurn | undefined): JobTurn => {
  if (!turn) throw new Errno('ESTALE', 'the turn is no longer there');
  return turn;
};

const callOf = ({ agent, id, turn, call }: CallContext): { call: Call; result: ToolResult } => {
  const { calls, results } = turnOf(agent.jobs.body(id())?.turns[turn - 1]);
  const found = { call: calls[call - 1], result: results[call - 1] };
  if (!found.call || !found.result) throw new Errno('ESTALE', 'the call is no longer there');
  return found as { call: Call; result: ToolResult };
};
