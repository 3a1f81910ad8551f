import { Errno } from './errno.ts';
import type { Awaitable } from './node.ts';
import type { Place } from './place.ts';
import type { Request } from './request.ts';

/** As Linux has it (path_resolution(7)). */
const MOST = 40;

/**
 * Resolves the link at a place, for clients that do not (diod's, plan9port's). A link of the host never leads out of
 * the host directory it lies in: absolute ones and those that climb out are ELOOP.
 */
export const follow = async (
  place: Place,
  step: (from: Place, name: string) => Awaitable<Place>,
  root: () => Place,
  request: Request,
): Promise<Place> => {
  let left = MOST;
  const resolve = async (link: Place): Promise<Place> => {
    if (link.node.kind !== 'link') return link;
    if (left-- === 0) throw new Errno('ELOOP', `${link.path}: too many links`);
    const confined = link.node.host === true;
    const target = await link.node.target(request);
    if (target.startsWith('/') && confined) throw new Errno('ELOOP', `${link.path} leads out of its directory`);
    let at = target.startsWith('/') ? root() : (link.parent ?? root());
    for (const name of target.split('/').filter((part) => part !== '' && part !== '.')) {
      at = await step(await resolve(at), name);
      if (confined && at.node.host !== true) throw new Errno('ELOOP', `${link.path} leads out of its directory`);
    }
    return resolve(at);
  };
  return resolve(place);
};
