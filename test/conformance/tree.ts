import { mkdtempSync, rmSync, writeFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Await } from '../../src/files/await.ts';
import { Call } from '../../src/files/call.ts';
import type { Table } from '../../src/files/dir.ts';
import { host } from '../../src/files/host.ts';
import { Link } from '../../src/files/link.ts';
import { Listing } from '../../src/files/listing.ts';
import { Log } from '../../src/files/log.ts';
import { New } from '../../src/files/new.ts';
import { Queue } from '../../src/files/queue.ts';
import { Sink } from '../../src/files/sink.ts';
import { Stream } from '../../src/files/stream.ts';
import { Text } from '../../src/files/text.ts';
import { Value } from '../../src/files/value.ts';
import { Values } from '../../src/files/values.ts';
import { Verbs } from '../../src/files/verbs.ts';
import type { World } from '../../src/files/world.ts';
import { Changes } from '../../src/kernel/changes.ts';
import { Errno } from '../../src/kernel/errno.ts';
import { shelf } from '../support/shelf.ts';
import { Maker, MemoryDocument, MemoryHistory, MemoryQueue, MemoryValues, Records } from '../support/sources.ts';

/** What a test may look at and do behind the tree's back. */
export interface Demo {
  readonly root: Table<undefined>;
  readonly changes: Changes;
  readonly value: MemoryDocument;
  readonly strict: MemoryDocument;
  readonly secrets: Maker;
  readonly maker: Maker;
  readonly queue: MemoryQueue;
  readonly notes: MemoryValues;
  readonly history: MemoryHistory;
  readonly records: Records;
  /** Commands that ran, questions that were asked, refusals that were told. */
  readonly ran: string[];
  readonly asked: string[];
  readonly refused: string[];
  /** Lets `wait` end. */
  meet(text: string): void;
  /** The directory of the host behind `work`. */
  readonly work: string;
  end(): void;
}

/** A directory with every kind of file. Sources are `slow`: they answer in a later turn of the loop, as a store does. */
export const demo = (): Demo => {
  const changes = new Changes();
  const world: World = {
    changes,
    now: () => Date.now(),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
  };
  const pace = { slow: true };
  const value = new MemoryDocument('old\n', pace);
  const strict = new MemoryDocument('old\n', { ...pace, empty: false, limit: 8192 });
  const secrets = new Maker(pace);
  const maker = new Maker(pace);
  const queue = new MemoryQueue(() => Date.now(), pace);
  const notes = new MemoryValues({ a: 'A\n', sub: undefined, 'sub/b': 'B\n' }, pace);
  const history = new MemoryHistory();
  history.append('{"n":1}\n');
  const records = new Records();
  const [ran, asked, refused]: string[][] = [[], [], []];
  let meet: (text: string) => void = () => undefined;
  const met = new Promise<string>((resolve) => (meet = resolve));
  const work = mkdtempSync(join(tmpdir(), 'weft-demo-'));
  writeFileSync(join(work, 'file'), 'host\n');
  mkdirSync(join(work, 'dir'));
  symlinkSync('file', join(work, 'link'));
  const served = host(work);

  const ctl = new Verbs(world, [
    { name: 'say', args: 'WHAT...', says: 'says it', run: (words) => void ran!.push(words.join(' ')) },
    {
      name: 'fail',
      args: '',
      says: 'is always busy',
      run: async () => {
        throw new Errno('EBUSY', 'not now');
      },
    },
  ]);
  const ask = new Call(world, {
    usage: 'write a question\n',
    limit: 4096,
    submit: async (input) => {
      const question = Buffer.from(input).toString();
      asked!.push(question);
      if (question.includes('fail')) throw new Errno('ENODEV', 'no provider');
      return `answer to ${question}\n`;
    },
  });
  const slowText = async (): Promise<string> => 'status\nline two\n';
  const kept = new Map([['1.md', 'one\n']]);
  const listing = {
    names: () => kept.keys(),
    has: (name: string) => kept.has(name),
    at: () => 1_600_000_000_000,
    content: (name: string) => kept.get(name),
  };
  const live = shelf(world, {
    events: ['stream', new Stream(world, records.follow)],
    wait: ['await', new Await(world, () => met)],
  });
  const root = shelf(
    world,
    {
      README: ['text', new Text(world, () => 'read me\n', { fixed: true })],
      status: ['text', new Text(world, slowText)],
      value: ['value', new Value(world, value)],
      strict: ['value', new Value(world, strict)],
      ctl: ['verbs', ctl],
      log: ['log', new Log(world, history)],
      live: ['link', new Link(world, '.live')],
      wait: ['link', new Link(world, 'live/wait')],
      '*.live': ['dir', live],
      ask: ['call', ask],
      new: ['new', new New(world, { template: 'To: NAME\n', limit: 4096, stage: maker.stage })],
      key: ['sink', new Sink(world, { limit: 4096, stage: secrets.stage })],
      inbox: [
        'queue',
        new Queue(world, queue, { new: new New(world, { template: 'message\n', limit: 100, stage: maker.stage }) }),
      ],
      notes: ['dir', new Values(world, notes)],
      episodes: ['dir', new Listing(world, listing)],
      fixed: ['dir', shelf(world, { text: ['text', new Text(world, () => 'fixed\n')] })],
      work: ['host', served],
    },
    ({ path, op, error }) => refused!.push(`${op} ${path} ${error.code}`),
  );
  return {
    root,
    changes,
    value,
    strict,
    secrets,
    maker,
    queue,
    notes,
    history,
    records,
    ran: ran!,
    asked: asked!,
    refused: refused!,
    meet,
    work,
    end: () => {
      served.close();
      rmSync(work, { recursive: true });
    },
  };
};
