import { schedulePath } from '../../agent/settings/patch.ts';
import { SCHEDULE } from '../../agent/settings/schedule.ts';
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
  { agent: { settings }, server: { world } }: AgentContext,
  fixed: Readonly<Record<string, Node>>,
): Values =>
  new Values(
    world,
    {
      limit: SCHEDULE,
      accepts: (name) => userName.test(name),
      *list() {
        for (const name of settings.get().schedule.keys()) yield { name, directory: false };
      },
      find: (name) =>
        settings.get().schedule.has(name)
          ? { directory: false, changed: settings.changedAt(schedulePath(name)) }
          : undefined,
      load: (name) => {
        const text = settings.get().schedule.get(name);
        return text === undefined ? undefined : Buffer.from(text);
      },
      stage: async (name, content, { subject }) => {
        const stage = await settings.stage(schedulePath(name), content, subject);
        return {
          publish: () => {
            settings.publish(stage);
            return undefined;
          },
          drop: () => settings.discardStage(stage),
        };
      },
      mkdir: () => {
        throw new Errno('EPERM', 'a schedule is a file: every 15m, a cron line or at TIME, and then the message');
      },
      remove: (name, _directory, { subject }) => settings.removeSchedule(name, subject),
      rename: (name, newName, { subject }) => settings.renameSchedule(name, newName, subject),
    },
    () => '',
    fixed,
  );
