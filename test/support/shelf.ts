import { Table, type Kind, type Row } from '../../src/files/dir.ts';
import type { World } from '../../src/files/world.ts';
import type { Dir, Failure, Node } from '../../src/kernel/node.ts';
import type { SessionOptions } from '../../src/kernel/session.ts';
import type { Right, Subject } from '../../src/kernel/subject.ts';
import { SessionClient, type SessionClientOptions } from '../conformance/session-client.ts';
import { sessionOn } from './nodes.ts';

type Shelf = Record<string, readonly [kind: Kind, node: Node, agent?: Right, observer?: Right]>;

/** A fixed directory of nodes, a row each. */
export const shelf = (world: World, given: Shelf, refused?: (failure: Failure) => void): Table<undefined> => {
  const rows = Object.entries(given).map(([name, [kind, node, agent = '-', observer = '-']]): Row<undefined> => ({
    name: name.replace(/^\*/, ''),
    kind,
    agent,
    observer,
    says: name,
    hidden: name.startsWith('*'),
    make: () => node,
  }));
  return new Table(world, rows, undefined, refused ? { refused } : {});
};

/** A program on a session of its own on such a tree. */
export const clientOn = async (
  root: Dir,
  options: Partial<SessionOptions> & { subject?: Subject } & SessionClientOptions = {},
): Promise<SessionClient> => new SessionClient((await sessionOn(root, options)).session, options);
