import { LevelStore } from '../../src/drivers/store/level.ts';

/** What is wrong with a store at rest: what stands there half, or says something else than what belongs to it. */
export const audit = async (directory: string): Promise<string[]> => {
  const store = await LevelStore.open(directory);
  const faults: string[] = [];
  const fault = (text: string): void => void faults.push(text);
  const agents = new Map<string, Found>();
  const ends = new Map<string, number>();
  try {
    for await (const [key, value] of store.range({})) {
      const text = Buffer.from(value).toString();
      const parse = (json: string): Record<string, unknown> => {
        try {
          return JSON.parse(json) as Record<string, unknown>;
        } catch {
          fault(`${key} holds no JSON: ${json.slice(0, 80)}`);
          return {};
        }
      };
      if (key.startsWith('stage/')) fault(`${key}: a stage without an open file`);
      if (/^(pending|unfinished|due)\//.test(key)) fault(`${key}: something is left to do and nothing is pending`);
      const journal = /^(.*\/log\/.*)\/(\d{16})$/.exec(key);
      if (journal) {
        const [, name, digits] = journal as unknown as [string, string, string];
        const offset = Number(digits);
        if ((ends.get(name) ?? offset) !== offset) fault(`${key} does not follow what is before it`);
        ends.set(name, offset + value.length);
        if (!text.endsWith('\n')) fault(`${key} ends in the middle of a record`);
        const records = text.split('\n').filter(Boolean).map(parse);
        const of = /^data\/(\d+)\/log\/outbox$/.exec(name);
        if (of) at(agents, of[1]!).said.push(...(records as unknown as Said[]));
        continue;
      }
      const row = /^agent\/(\d+)$/.exec(key);
      if (row) at(agents, row[1]!).row = parse(text);
      const data = /^data\/(\d+)\/([^/]+)(?:\/(.*))?$/.exec(key);
      if (!data) continue;
      const [, id, kind, rest = ''] = data as unknown as [string, string, string, string?];
      const found = at(agents, id);
      if (kind === 'run') fault(`${key}: no tick runs`);
      if (kind === 'inbox') fault(`${key}: a message waits and nothing is pending`);
      if (kind === 'outbox') found.shelf.push(rest);
      if (kind === 'tick') found.ticks.set(Number(rest), parse(text));
      if (kind === 'job') found.jobs.push(parse(text.slice(0, text.indexOf('\n'))) as unknown as Job);
      if (kind === 'episode') found.episodes.add(Number(rest));
      if (kind === 'talk') found.talk.add(Number(rest.slice(0, rest.indexOf('.'))));
      if (kind === 'note') found.notes.set(rest, value.length);
      if (kind === 'noteinfo') {
        const { directory: folder, size } = parse(text);
        if (folder !== true) found.infos.set(rest, size as number);
      }
    }
  } finally {
    await store.close();
  }
  for (const [id, found] of agents) for (const text of check(found)) fault(`agent ${id}: ${text}`);
  return faults;
};

interface Said {
  readonly id: string;
  readonly in_reply_to?: string;
}

interface Ticked {
  readonly message?: string;
  readonly answer?: string;
}

interface Job {
  readonly id: number;
  readonly status: string;
  readonly message: string;
  readonly tick?: number;
  readonly answer?: string;
}

class Found {
  row: Record<string, unknown> = {};
  readonly said: Said[] = [];
  readonly shelf: string[] = [];
  readonly ticks = new Map<number, Ticked>();
  readonly jobs: Job[] = [];
  readonly episodes = new Set<number>();
  readonly talk = new Set<number>();
  readonly notes = new Map<string, number>();
  readonly infos = new Map<string, number>();
}

const at = (agents: Map<string, Found>, id: string): Found => {
  const found = agents.get(id) ?? new Found();
  agents.set(id, found);
  return found;
};

/** Row, log and files of the outbox, tick records, jobs, episodes and notes agree. */
function* check(found: Found): Generator<string> {
  const { row, said, shelf, ticks, jobs, episodes, talk, notes, infos } = found;
  const ids = said.map(({ id }) => id);
  if (new Set(ids).size < ids.length) yield 'its outbox has an id twice';
  const missing = shelf.filter((id) => !ids.includes(id));
  if (missing.length > 0) yield `files of the outbox that its log does not know: ${missing.join(' ')}`;
  const lost = ids.slice(-shelf.length).filter((id) => !shelf.includes(id));
  if (lost.length > 0) yield `messages of the log that have no file: ${lost.join(' ')}`;
  const replies = said.flatMap(({ in_reply_to }) => in_reply_to ?? []);
  const twice = replies.filter((id, index) => replies.indexOf(id) !== index);
  if (twice.length > 0) yield `answered twice: ${twice.join(' ')}`;
  const numbers = [...ticks.keys()];
  const last = numbers.at(-1) ?? 0;
  if (numbers.length > 0 && last - numbers[0]! + 1 !== numbers.length) yield 'a tick has no record';
  if (row['tick'] !== last) yield `it counts ${String(row['tick'])} ticks and has records up to ${last}`;
  const byId = new Map(said.map((each) => [each.id, each]));
  for (const [number, { message, answer }] of ticks) {
    if (answer === undefined) continue;
    const sent = byId.get(answer);
    if (!sent) yield `tick ${number} says it answered ${answer}, which the outbox has not`;
    else if (sent.in_reply_to !== message) yield `tick ${number} and the outbox do not agree what ${answer} answers`;
  }
  for (const { id, status, message, tick, answer } of jobs) {
    if (status !== 'done') yield `job ${id} is ${status}, and nothing else fails here`;
    else if (answer !== undefined && byId.get(answer)?.in_reply_to !== message) yield `job ${id} has no such answer`;
    if (tick !== undefined && ticks.has(tick) && ticks.get(tick)!.message !== message)
      yield `job ${id} was not the work of tick ${tick}`;
  }
  const worked = jobs.map(({ message }) => message);
  const repeated = worked.filter((message, index) => worked.indexOf(message) !== index);
  if (repeated.length > 0) yield `more than one job: ${repeated.join(' ')}`;
  const [oldest = Infinity] = episodes;
  for (const [number, { answer }] of ticks) {
    if (answer === undefined || number < oldest) continue;
    if (!episodes.has(number)) yield `tick ${number} answered and left no episode`;
    else if (!talk.has(number)) yield `tick ${number} answered and stands in no conversation`;
  }
  for (const [path, size] of infos) if (notes.get(path) !== size) yield `note ${path} is not as long as it should be`;
  for (const path of notes.keys()) if (!infos.has(path)) yield `note ${path} is in no list`;
}
