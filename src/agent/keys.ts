/**
 * Where everything stands in the store; docs/storage.md explains the scheme. What belongs to an agent lies below its
 * number, never its name: a rename is one key, and forgetting an agent is one range.
 */
export const VERSION = 2;

const digits = 8;
export const numberText = (number: number): string => number.toString().padStart(digits, '0');

export const agentsPrefix = 'agent/';
export const agentKey = (id: number): string => `${agentsPrefix}${numberText(id)}`;
export const dataPrefix = (id: number): string => `data/${numberText(id)}/`;

/** The agent's own secret key, sealed under the server's; and the note that it has none yet. */
export const secretKey = (id: number): string => `${dataPrefix(id)}key`;
/** How it shows itself: JSON, as it was written. */
export const profileKey = (id: number): string => `${dataPrefix(id)}profile`;
/**
 * Between keys that stay: LevelDB passes over what was deleted until it finds something, so the notes of many agents would
 * slow down every search that ends in front of them.
 */
export const keylessPrefix = 'meta/keyless/';
export const keylessKey = (id: number): string => `${keylessPrefix}${numberText(id)}`;
/** Which server key that is. */
export const keyMarkKey = 'meta/key';

export const runKey = (id: number): string => `${dataPrefix(id)}run`;
export const settingsKey = (id: number): string => `${dataPrefix(id)}settings`;
export const errorsKey = (id: number): string => `${dataPrefix(id)}errors`;
export const rootErrorsKey = 'root/errors';
export const inboxPrefix = (id: number): string => `${dataPrefix(id)}inbox/`;
export const outboxPrefix = (id: number): string => `${dataPrefix(id)}outbox/`;
export const deadPrefix = (id: number): string => `${dataPrefix(id)}dead/`;
export const notePrefix = (id: number): string => `${dataPrefix(id)}note/`;
export const noteInfoPrefix = (id: number): string => `${dataPrefix(id)}noteinfo/`;
/** What a tick did, by its number; what was folded together of the oldest; who said what, by number, conversation and bytes. */
export const episodePrefix = (id: number): string => `${dataPrefix(id)}episode/`;
export const summaryKey = (id: number): string => `${dataPrefix(id)}episodes`;
export const talkPrefix = (id: number): string => `${dataPrefix(id)}talk/`;
/** The conversation a message belongs to that is part of a thread, by the hash of its id. */
export const threadKey = (id: number, hash: string): string => `${dataPrefix(id)}thread/${hash}`;
export const schedulePrefix = (id: number): string => `${dataPrefix(id)}schedule/`;
export const goalPrefix = (id: number): string => `${dataPrefix(id)}goal/`;
/** That an agent sent something under an `Id:` of its own. */
export const usedSentKey = (id: number, hash: string): string => `${dataPrefix(id)}used/sent/${hash}`;
export const tickKey = (id: number, tick: number): string =>
  `${dataPrefix(id)}tick/${tick.toString().padStart(12, '0')}`;
export const jobKey = (id: number, job: number): string => `${dataPrefix(id)}job/${job.toString().padStart(12, '0')}`;
export const feedbackKey = (id: number, job: number): string =>
  `${dataPrefix(id)}feedback/${job.toString().padStart(12, '0')}`;
/** Names that were given to jobs. */
export const jobNamesKey = (id: number): string => `${dataPrefix(id)}jobnames`;
export const journalPrefix = (id: number, name: string): string => `${dataPrefix(id)}log/${name}/`;
/** The newest record of the trajectory, and the newest of those that were dropped. */
export const chainHeadKey = (id: number): string => `${dataPrefix(id)}chain/head`;
export const chainAnchorKey = (id: number): string => `${dataPrefix(id)}chain/anchor`;
/** Which texts that were perceived are in the trajectory. */
export const chainSeenKey = (id: number): string => `${dataPrefix(id)}chain/seen`;
export const rootJournalPrefix = (name: string): string => `root/log/${name}/`;
/** What was taken is still a key for a while: by its name, or by the hash of its `Id:`. */
export const usedNameKey = (id: number, name: string): string => `${dataPrefix(id)}used/name/${name}`;
export const usedIdKey = (id: number, hash: string): string => `${dataPrefix(id)}used/id/${hash}`;

/** Empty: this agent has work, so it is looked at when the server starts. It goes with the tick that leaves nothing to do. */
export const pendingPrefix = 'pending/';
export const pendingKey = (id: number): string => `${pendingPrefix}${numberText(id)}`;

/** A checkpoint by its name: JSON; and what it holds, below the key that stands in it, under the names of here. */
export const checkpointPrefix = (id: number): string => `${dataPrefix(id)}checkpoint/name/`;
export const checkpointKey = (id: number, name: string): string => checkpointPrefix(id) + name;
export const copyPrefix = (id: number, key: string): string => `${dataPrefix(id)}checkpoint/copy/${key}/`;
/** What must be ended or undone at the next start should the server die now (checkpoint/recover.ts). */
export const unfinishedPrefix = 'unfinished/';
export const unfinishedKey = (kind: string, id: number): string => `${unfinishedPrefix}${kind}/${numberText(id)}`;

/**
 * What lies below `dataPrefix(id)`, by the first name there, and what it is to a checkpoint. `state`: what the agent
 * is; it is copied, restored and given to forks. `traffic`: its dealings with others, which were acknowledged or read
 * and cannot be undone; `history`: what was written down of it; both stay as they are in a restore, and a fork begins
 * without. `secret`: belongs to this one agent for ever.
 */
export const contents: Readonly<Record<string, 'state' | 'traffic' | 'history' | 'secret'>> = {
  settings: 'state',
  note: 'state',
  noteinfo: 'state',
  episode: 'state',
  episodes: 'state',
  talk: 'state',
  thread: 'state',
  goal: 'state',
  schedule: 'state',
  profile: 'state',
  inbox: 'traffic',
  outbox: 'traffic',
  dead: 'traffic',
  used: 'traffic',
  run: 'history',
  job: 'history',
  jobnames: 'history',
  feedback: 'history',
  tick: 'history',
  errors: 'history',
  log: 'history',
  chain: 'history',
  checkpoint: 'history',
  key: 'secret',
};

export const stateNames: readonly string[] = Object.keys(contents).filter((name) => contents[name] === 'state');

export const stagePrefix = 'stage/';
export const expirePrefix = 'expire/';
export const expireKey = (ms: number, key: string): string =>
  `${expirePrefix}${ms.toString().padStart(15, '0')}/${key}`;

/** What schedule comes due when: in the order of the time (milliseconds, fifteen digits). */
export const duePrefix = 'due/';
export const dueBefore = (ms: number): string => `${duePrefix}${ms.toString().padStart(15, '0')}/`;
export const dueKey = ({ time, agent, name }: Due): string => `${dueBefore(time)}${numberText(agent)}/${name}`;
export const parseDueKey = (key: string): Due => {
  const [, time, agent, name] = key.split('/');
  return { time: Number(time), agent: Number(agent), name: name! };
};

export interface Due {
  readonly time: number;
  /** Its number. */
  readonly agent: number;
  readonly name: string;
}
