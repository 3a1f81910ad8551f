import { Text } from '../../files/text.ts';
import type { World } from '../../files/world.ts';

const text = `weft: agents that are directories.

  ls agents                       the agents that live here
  mkdir agents/bob                make one
  echo 'hello there' > agents/bob/inbox/new
  cat agents/bob/wait agents/bob/outbox/last
  echo tick > agents/bob/ctl      one step by hand
  cat agents/bob/status           how it is
  tail -f agents/bob/logs/trace   what it does, and did
  cat agents/bob/live/trace       what it does, as it happens; Ctrl-C ends it
  rmdir agents/bob                put it away

'help' says what there is, here and in each agent's directory. When something
fails, 'error' beside it says why in words. Nothing a listing shows as a file
waits, and reading changes nothing; what does wait lies under 'live'.
`;

/** For whoever opens the mount for the first time. */
export const readme = (world: World): Text => new Text(world, () => text, { fixed: true });
