import { limitOf } from '../../agent/settings/patch.ts';
import { Value } from '../../files/value.ts';
import type { AgentContext } from './agent-dir.ts';

/** The view of an agent's settings at a path: `manifest`, `policy/wake`, `identity/soul`, ... */
export const setting = (path: string) => {
  return ({ agent: { settings }, server: { world } }: AgentContext): Value => {
    const value = new Value(world, {
      limit: limitOf(path),
      load: () => Buffer.from(settings.content(path)),
      stage: async (content, { subject }) => {
        const stage = await settings.stage(path, content, subject);
        return {
          publish: () => {
            settings.publish(stage);
            return undefined;
          },
          drop: () => settings.discardStage(stage),
        };
      },
    });
    value.stamp.touch(settings.changedAt(path));
    return value;
  };
};
