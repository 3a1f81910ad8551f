import { join } from 'node:path';
import test from 'ava';
import { connect } from '../../src/9p/client.ts';
import { listen } from '../../src/9p/listen.ts';
import { Session } from '../../src/kernel/session.ts';
import { sessionOn } from '../support/nodes.ts';
import { temporary } from '../support/temporary.ts';
import { conformance } from './conformance.ts';
import { NinepClient } from './ninep-client.ts';
import { demo } from './tree.ts';

conformance(
  test,
  async (t) => {
    const made = demo();
    const { namespace, session } = await sessionOn(made.root, { changes: made.changes });
    const address = { kind: 'unix', path: join(temporary(t), 'socket') } as const;
    const listener = await listen(address, {
      attach: (_aname, { links }) => new Session({ namespace, changes: made.changes, subject: session.subject, links }),
      unexpected: (cause) => t.fail(String(cause)),
    });
    const client = new NinepClient(await connect(address));
    t.teardown(async () => {
      await client.end();
      await listener.close();
      made.end();
    });
    return { client, demo: made };
  },
  { closeTellsAll: true, interrupts: true, listsNumbers: true },
);
