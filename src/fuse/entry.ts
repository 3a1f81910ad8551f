import { Errno } from '../kernel/errno.ts';
import type { Attributes, Awaitable } from '../kernel/node.ts';
import { soon } from '../kernel/soon.ts';
import type { Call, Context } from './context.ts';
import type { Answer } from './messages.ts';

/** Seconds for which the kernel keeps what it will be told the end of. */
const LONG = 86_400;

/**
 * How long an answer may be kept: long where every change is announced, else not at all. An answer that was under way
 * while something changed is not kept either: the announcement may have been written before it.
 */
export const kept = (context: Context, fid: number, serial: number): number =>
  serial === context.serial && context.session.cached(fid) ? LONG : 0;

/** Walks to a name and answers with the node it is: LOOKUP, and the end of everything that makes one. */
export const enter = (
  context: Context,
  parent: number,
  name: string,
  { request }: Pick<Call, 'request'>,
): Awaitable<Answer<'LOOKUP'>> => {
  const { session, nodes, serial } = context;
  const fid = nodes.next();
  return soon(session.walk(nodes.fid(parent), fid, [name], request), ([attributes]) => {
    if (!attributes) throw new Errno('ENOENT');
    return learn(context, parent, name, fid, attributes, serial);
  });
};

/** The answer for a node a fid was walked to. It counts: the kernel forgets it in its own time. */
export const learn = (
  context: Context,
  parent: number,
  name: string,
  fid: number,
  attr: Attributes,
  serial: number,
): Answer<'LOOKUP'> => {
  const { known, spare } = context.nodes.learn(attr.qid, fid, parent, name, (one, other) =>
    context.session.same(one, other),
  );
  if (spare !== undefined) giveBack(context, spare);
  const valid = kept(context, known.fid, serial);
  return {
    nodeid: known.id,
    generation: 0,
    entry_valid: valid,
    attr_valid: valid,
    entry_valid_nsec: 0,
    attr_valid_nsec: 0,
    attr,
  };
};

/** Clunks a fid that is not open. */
export const giveBack = ({ session, log }: Context, fid: number): void => {
  try {
    const done = session.clunk(fid);
    if (done instanceof Promise) done.catch((error: unknown) => log('a node was not given back', error));
  } catch (error) {
    log('a node was not given back', error);
  }
};
