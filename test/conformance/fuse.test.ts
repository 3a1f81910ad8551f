import test from 'ava';
import { fuse, mounted } from '../support/fuse.ts';
import { conformance } from './conformance.ts';
import { ProcessClient, Worker } from './process-client.ts';
import { demo } from './tree.ts';

const worker = new Worker();
test.after.always(() => worker.end());

conformance(
  fuse,
  async (t) => {
    const made = demo();
    t.teardown(() => made.end());
    const { dir } = await mounted(t, made.root, made.changes);
    const client = new ProcessClient(worker, dir);
    t.teardown(() => client.end());
    return { client, demo: made };
  },
  { walksByStep: true },
);
