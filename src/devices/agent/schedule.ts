import { SCHEDULE } from '../../agent/schedule/schedules.ts';
import { timeText } from '../../drivers/clock/clock.ts';
import { Text } from '../../files/text.ts';
import { Values } from '../../files/values.ts';
import { Errno } from '../../kernel/errno.ts';
import { userName } from '../../kernel/name.ts';
import type { Node } from '../../kernel/node.ts';
import type { AgentContext } from './agent-dir.ts';

/** `TIME NAME`, soonest first; then `done NAME`, with when that was. */
export const next = ({ agent, server }: AgentContext): Text =>
  new Text(server.world, () =>
    agent.schedules
      .coming()
      .map(({ name, time, last }) =>
        time === undefined
          ? `done ${name}${last === undefined ? '' : ` ${timeText(last)}`}\n`
          : `${timeText(time)} ${name}\n`,
      )
      .join(''),
  );

/** What makes it tick at times: a value a schedule. */
export const schedule = (
  { agent: { schedules }, server: { world } }: AgentContext,
  fixed: Readonly<Record<string, Node>>,
): Values =>
  new Values(
    world,
    {
      limit: SCHEDULE,
      accepts: (name) => userName.test(name),
      *list() {
        for (const name of schedules.names()) yield { name, directory: false };
      },
      find: (name) => {
        const changed = schedules.written(name);
        return changed === undefined ? undefined : { directory: false, changed };
      },
      load: (name) => {
        const text = schedules.text(name);
        return text === undefined ? undefined : Buffer.from(text);
      },
      stage: async (name, content, { subject }) => {
        const stage = await schedules.stage(name, content, subject);
        return {
          publish: () => {
            schedules.publish(stage);
            return undefined;
          },
          drop: () => schedules.discardStage(stage),
        };
      },
      mkdir: () => {
        throw new Errno('EPERM', 'a schedule is a file: every 15m, a cron line or at TIME, and then the message');
      },
      remove: (name) => schedules.remove(name),
      rename: (name, newName) => schedules.rename(name, newName),
    },
    () => '',
    fixed,
  );
