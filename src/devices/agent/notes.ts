import { NOTE } from '../../agent/notes.ts';
import { userName } from '../../kernel/name.ts';
import { Values } from '../../files/values.ts';
import type { AgentContext } from './agent-dir.ts';

/** What the agent remembers in so many words: a value a note, in directories up to four deep. */
export const notes = ({ agent: { notes: kept }, server: { world } }: AgentContext): Values =>
  new Values(world, {
    limit: NOTE,
    accepts: (name) => userName.test(name),
    *list(path) {
      for (const name of kept.list(path)) {
        yield { name, directory: kept.info(path === '' ? name : `${path}/${name}`)?.directory ?? false };
      }
    },
    find: (path) => {
      const info = kept.info(path);
      return info && { directory: info.directory, changed: Number(info.mtime / 1_000_000n) };
    },
    load: (path) => (kept.info(path) ? kept.read(path) : undefined),
    stage: async (path, content) => {
      const stage = await kept.stage(path, content);
      return {
        publish: () => {
          kept.publish(stage);
          return undefined;
        },
        drop: () => kept.discardStage(stage),
      };
    },
    mkdir: (path) => kept.mkdir(path),
    remove: (path, directory) => (directory ? kept.rmdir(path) : kept.remove(path)),
    rename: (path, newPath) => kept.rename(path, newPath),
  });
