import test from 'ava';
import { sessionOn } from '../support/nodes.ts';
import { conformance } from './conformance.ts';
import { SessionClient } from './session-client.ts';
import { demo } from './tree.ts';

conformance(
  test,
  async (t) => {
    const made = demo();
    const { session } = await sessionOn(made.root, { changes: made.changes });
    const client = new SessionClient(session);
    t.teardown(async () => {
      await client.end();
      made.end();
    });
    return { client, demo: made };
  },
  { closeTellsAll: true, interrupts: true, listsNumbers: true, walksByStep: true },
);
