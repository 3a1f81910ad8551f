import type { Agent } from '../agent/agent.ts';
import { fixed, Table, type Kind, type Row } from '../files/dir.ts';
import { Link } from '../files/link.ts';
import { Log } from '../files/log.ts';
import { Stream } from '../files/stream.ts';
import type { Node } from '../kernel/node.ts';
import type { Right } from '../kernel/subject.ts';
import type { Row as AgentRow } from '../agent/rows.ts';
import { AgentDir, type AgentContext } from './agent/agent-dir.ts';
import { ask } from './agent/ask.ts';
import { deadletter, deadletterCtl } from './agent/deadletter.ts';
import {
  cost,
  feedback,
  jobCtl,
  jobError,
  jobLog,
  jobStatus,
  jobStatusJson,
  request,
  result,
  shownIn,
} from './agent/job.ts';
import {
  calls,
  jobs,
  liveJobs,
  newJob,
  turns,
  type CallContext,
  type JobContext,
  type TurnContext,
} from './agent/jobs.ts';
import { toolInput, toolName, toolOutput, toolStatus, turnRequest, turnResponse } from './agent/turn.ts';
import { chain } from './agent/chain.ts';
import { CheckpointsDir, diff, keptWork, type CheckpointContext } from './agent/checkpoints.ts';
import { conversations } from './agent/conversations.ts';
import { ctl as agentCtl } from './agent/ctl.ts';
import { episodes } from './agent/episodes.ts';
import { exported } from './agent/export.ts';
import { goalCtl, goalPriority, goalStatus, goalText, GoalsDir, newGoal, type GoalContext } from './agent/goals.ts';
import { decrypt, encrypt, npub, profile, pubkey, sign, verify } from './agent/identity.ts';
import { inbox, newMessage } from './agent/inbox.ts';
import { ctl as memoryCtl } from './agent/memory.ts';
import { apm, latency, queue } from './agent/metrics.ts';
import { notes } from './agent/notes.ts';
import { last, newOutgoing, outbox } from './agent/outbox.ts';
import { recall } from './agent/recall.ts';
import { search } from './agent/search.ts';
import { setting } from './agent/settings.ts';
import { next, schedule } from './agent/schedule.ts';
import { status as agentStatus, statusJson as agentStatusJson } from './agent/status.ts';
import { ticks } from './agent/ticks.ts';
import { wait } from './agent/wait.ts';
import { error } from './error.ts';
import { help } from './help.ts';
import { mounts } from './mounts.ts';
import { AgentsDir } from './root/agents.ts';
import { cachedir } from './root/cachedir.ts';
import { ctl } from './root/ctl.ts';
import { doctor } from './root/doctor.ts';
import { index } from './root/index.ts';
import { metrics } from './root/metrics.ts';
import { readme } from './root/readme.ts';
import { status, statusJson } from './root/status.ts';
import type { Server } from './server.ts';

// The tables are the documentation: every name, its kind, what an agent and an observer may do with it (w, r, or - for
// absent), one sentence, what makes it. No name is registered anywhere else. `help` prints them. A line without a maker
// stands for the names its directory makes of what it holds, and has the rights of that directory.

type Line<C> = readonly [
  name: string,
  kind: Kind,
  agent: Right,
  observer: Right,
  says: string,
  make?: (context: C) => Node,
];

/** Reached by name, in no listing: what waits, and what only tools look for. */
const hidden = new Set(['.live', 'CACHEDIR.TAG']);

const rows = <C>(lines: readonly Line<C>[], below: Record<string, readonly Row<never>[]> = {}): Row<C>[] =>
  lines.map(([name, kind, agent, observer, says, make]) => ({
    name,
    kind,
    agent,
    observer,
    says,
    ...(make && { make }),
    ...(below[name] && { rows: below[name] }),
    hidden: hidden.has(name),
  }));

const table =
  (lines: readonly Row<AgentContext>[]) =>
  (context: AgentContext): Table<AgentContext> =>
    new Table(context.server.world, lines, context);

// prettier-ignore
const jobCall = rows<CallContext>([
  ['name',       'text', 'r', '-', 'the tool',                                   toolName],
  ['input.json', 'text', 'r', '-', 'what it was given',                          toolInput],
  ['output',     'text', 'r', '-', 'what it gave, or the error in words',        toolOutput],
  ['status',     'text', 'r', '-', 'running, done or failed',                    toolStatus],
]);

const jobCalls = rows<TurnContext>([['K', 'dir', 'r', '-', 'one call of a tool']], { K: jobCall });

// prettier-ignore
const jobTurn = rows<TurnContext>([
  ['request.json',  'text', 'r', '-', 'what the model was asked',                   turnRequest],
  ['response.json', 'text', 'r', '-', 'what it said, as far as it has come',        turnResponse],
  ['tools',         'dir',  'r', '-', 'the tools it called, in order',              (context) => calls(context, jobCall)],
], { tools: jobCalls });

const jobTurns = rows<JobContext>([['N', 'dir', 'r', '-', 'one turn of the newest attempt']], { N: jobTurn });

// prettier-ignore
const agentJob = rows<JobContext>([
  ['request',     'value', 'r', '-', 'what is asked; written once',                          request],
  ['status',      'text',  'r', '-', 'how it is: queued, running, done, ...',                jobStatus],
  ['status.json', 'text',  'r', '-', 'the same for programs',                                jobStatusJson],
  ['result',      'text',  'r', '-', 'the answer; opened before it is there, it waits',      result],
  ['error',       'text',  'r', '-', 'why it failed, in words',                              jobError],
  ['cost',        'text',  'r', '-', 'what it took: turns and tokens',                       cost],
  ['ctl',         'verbs', 'w', '-', 'cancel',                                               jobCtl],
  ['log',         'log',   'r', '-', 'what happened to it, over all its attempts',           jobLog],
  ['turns',       'dir',   'r', '-', 'its conversation with the model, while it goes on too', (context) => turns(context, jobTurn)],
  ['feedback',    'value', 'r', '-', 'what somebody has to say of it',                       feedback],
], { turns: jobTurns }).map((row) => ({ ...row, shown: (context: JobContext) => shownIn(context, row.name) }));

// prettier-ignore
const agentJobs = rows<AgentContext>([
  ['new', 'new', 'w', '-', 'write what is to be done, read the number of the job', newJob],
  ['ID',  'dir', 'r', '-', 'one job; mkdir NAME and a request in it make one too'],
], { ID: agentJob });

// prettier-ignore
const agentDeadletter = rows<AgentContext>([
  ['ctl', 'verbs', 'r', '-', 'replay ID, discard ID',                            deadletterCtl],
  ['ID',  'text',  'r', '-', 'one message, after the reason; rm discards it'],
]);

const agentLiveJobs = rows<AgentContext>([['ID', 'stream', 'r', '-', 'one job as it goes on, to its end']]);

// prettier-ignore
const agentLive = rows<AgentContext>([
  ['trace',  'stream', 'r', '-', 'what it does, as it happens, model text included', ({ agent, server }) => new Stream(server.world, () => agent.trace.follow('running tick'))],
  ['outbox', 'stream', 'r', '-', 'what it says, one record a message',               ({ agent, server }) => new Stream(server.world, () => agent.outbox.log.follow('running tick'))],
  ['wait',   'await',  'r', '-', 'returns when nothing is pending or running',       wait],
  ['jobs',   'dir',    'r', '-', 'the jobs that go on, as they do',                  liveJobs],
], { jobs: agentLiveJobs });

// prettier-ignore
const agentTicks = rows<AgentContext>([
  ['N.json', 'text', 'r', '-', 'the record of one tick; the newest 1,000 are kept'],
]);

// prettier-ignore
const agentLogs = rows<AgentContext>([
  ['trace',      'log', 'r', '-', 'what it did, fine-grained, model text included',      ({ agent, server }) => new Log(server.world, agent.trace)],
  ['trajectory', 'log', 'r', '-', 'one hash-chained record a phase, act and transition', ({ agent, server }) => new Log(server.world, agent.trajectory.journal)],
  ['chain',      'text', 'r', '-', 'between which two records the trajectory hangs',     chain],
  ['ticks',      'dir', 'r', '-', 'one record a tick',                                   ticks],
], { ticks: agentTicks });

// prettier-ignore
const agentNotes = rows<AgentContext>([
  ['NAME', 'value', 'w', '-', 'a note; mkdir makes directories of them, four deep'],
]);

// prettier-ignore
const agentEpisodes = rows<AgentContext>([
  ['N.md',       'text', 'r', '-', 'what one tick did with a message; the newest 1,000 are kept'],
  ['summary.md', 'text', 'r', '-', 'what compact left of older ones, a line each'],
]);

// prettier-ignore
const agentConversations = rows<AgentContext>([
  ['ID', 'log', 'r', '-', 'who said what, one record a message in and answer out'],
]);

// prettier-ignore
const agentMemory = rows<AgentContext>([
  ['notes',         'dir',   'w', '-', 'what it remembers in so many words: one value a note',    notes],
  ['episodes',      'dir',   'r', '-', 'what its ticks did, one document a tick',                 episodes],
  ['conversations', 'dir',   'r', '-', 'who said what: a log for each origin and each thread',    conversations],
  ['search',        'call',  'r', '-', 'write words, read what has them: score, path, excerpt',   search],
  ['recall',        'text',  'r', '-', 'what the next tick will be shown of all this',            recall],
  ['export',        'call',  'r', '-', 'all of it as one bundle, which import takes',             exported],
  ['ctl',           'verbs', 'r', '-', 'forget GLOB, compact, import NAME',                       memoryCtl],
], { notes: agentNotes, episodes: agentEpisodes, conversations: agentConversations });

// prettier-ignore
const goalRows = rows<GoalContext>([
  ['text',     'value', 'w', '-', 'what is to be reached; writing it makes the agent tick',  goalText],
  ['status',   'text',  'r', '-', 'active, done or dropped; since when, by whom, why',       goalStatus],
  ['priority', 'value', 'w', '-', '0 to 100; the highest is perceived first',                goalPriority],
  ['ctl',      'verbs', 'w', '-', 'done, drop, run',                                         goalCtl],
]);

// prettier-ignore
const agentGoals = rows<AgentContext>([
  ['new',  'new', 'w', '-', 'write what is to be reached, read its name; read first: an example', newGoal],
  ['NAME', 'dir', 'w', '-', 'one goal; mkdir makes it, rmdir removes it for good'],
], { NAME: goalRows });

// prettier-ignore
const agentSchedule = rows<AgentContext>([
  ['next', 'text',  'r', '-', 'the coming times, then what is done',                         next],
  ['NAME', 'value', 'w', '-', 'every 15m, a cron line or at TIME, and then the message'],
]);

// prettier-ignore
const agentInbox = rows<AgentContext>([
  ['new',  'new',   'r', '-', 'write a message, read its id; read first: an example', newMessage],
  ['NAME', 'value', 'r', '-', 'a message that waits; rm discards it'],
]);

// prettier-ignore
const agentIdentity = rows<AgentContext>([
  ['pubkey',  'text', 'r', '-', 'its public key, 64 hex digits',                                        pubkey],
  ['npub',    'text', 'r', '-', 'the same as other Nostr programs write it',                            npub],
  ['profile', 'value', 'r', '-', 'how it shows itself to other Nostr users, JSON',                      profile],
  ['soul',    'value', 'r', '-', 'who it is, in so many words: first in its prompt',                    setting('identity/soul')],
  ['sign',    'call', 'w', '-', 'bytes in, the signature over their SHA-256 out (BIP-340)',             sign],
  ['verify',  'call', 'w', '-', '{pubkey, signature, message} in, true or false out',                   verify],
  ['encrypt', 'call', 'w', '-', '{recipient, message} in, what only the recipient can read out (NIP-44)', encrypt],
  ['decrypt', 'call', 'w', '-', '{sender, ciphertext} in, the message out',                             decrypt],
]);

// prettier-ignore
const agentOutbox = rows<AgentContext>([
  ['new',  'new',  'w', '-', 'write a message with a To line, read its id; read first: an example', newOutgoing],
  ['log',  'log',  'r', '-', 'everything it said, one record a message, headers and text', ({ agent, server }) => new Log(server.world, agent.outbox.log)],
  ['last', 'text', 'r', '-', 'the text of the newest message',                             last],
  ['ID',   'text', 'r', '-', 'one message with its headers; the newest 1,000 are kept'],
]);

// prettier-ignore
const agentTools = rows<AgentContext>([
  ['allow', 'value', 'r', '-', 'the tools it may use, one a line, * for any characters', setting('tools/allow')],
]);

// prettier-ignore
const agentBudget = rows<AgentContext>([
  ['policy', 'value', 'r', '-', 'what a call, a tick, a day and a goal may cost', setting('budget/policy')],
]);

// prettier-ignore
const agentPolicy = rows<AgentContext>([
  ['wake',        'value', 'r', '-', 'auto or manual: does a message make it tick',                 setting('policy/wake')],
  ['loop',        'value', 'r', '-', 'turns of a job, messages of a tick',                          setting('policy/loop')],
  ['network',     'value', 'r', '-', 'off, open, and allow HOST:PORT lines',                        setting('policy/network')],
  ['sandbox',     'value', 'r', '-', 'require or off, and what a tool call may take',               setting('policy/sandbox')],
  ['permissions', 'value', 'r', '-', 'allow, ask or deny ACT GLOB lines: the first that matches',   setting('policy/permissions')],
  ['limits',      'value', 'r', '-', 'how many messages, jobs, notes, goals and schedules it keeps', setting('policy/limits')],
  ['autonomy',    'value', 'r', '-', 'supervised, semi, full or readonly',                          setting('policy/autonomy')],
  ['redact',      'value', 'r', '-', 'on or off, and pattern REGEX lines',                          setting('policy/redact')],
  ['idle',        'value', 'r', '-', 'how long it stays idle before it hibernates',                 setting('policy/idle')],
]);

// prettier-ignore
const agentMetrics = rows<AgentContext>([
  ['apm',     'text', 'r', 'r', 'acts a minute: calls of the model and of tools',                     apm],
  ['queue',   'text', 'r', 'r', 'what waits for it, and how long the oldest does',                    queue],
  ['latency', 'text', 'r', 'r', 'how long messages wait for their tick, and how long ticks take',    latency],
]);

// prettier-ignore
const checkpointMemory = rows<CheckpointContext>([
  ['notes',         'dir', 'r', '-', 'the notes it had',         notes],
  ['episodes',      'dir', 'r', '-', 'the episodes it had',      episodes],
  ['conversations', 'dir', 'r', '-', 'the conversations it had', conversations],
]);

// prettier-ignore
const checkpointRows: readonly Row<CheckpointContext>[] = rows<CheckpointContext>([
  ['diff',     'text', 'r', '-', 'what is different now: paths, and the lines of small texts',  diff(() => checkpointRows)],
  ['manifest', 'text', 'r', '-', 'all that was set of it, as one YAML document',                setting('manifest')],
  ['goals',    'dir',  'r', '-', 'the goals it had',                                            (context) => new GoalsDir(context, goalRows, {})],
  ['memory',   'dir',  'r', '-', 'what it remembered',                                          (context) => new Table(context.server.world, checkpointMemory, context)],
  ['schedule', 'dir',  'r', '-', 'the schedules it had',                                        (context) => schedule(context, {})],
  ['work',     'dir',  'r', '-', 'the copy of work/',                                           keptWork],
], { memory: checkpointMemory });

// prettier-ignore
const agentCheckpoints = rows<AgentContext>([
  ['NAME', 'dir', 'r', '-', 'what it was at one moment, to be read; rmdir deletes it'],
], { NAME: checkpointRows });

// prettier-ignore
export const agentRows: readonly Row<AgentContext>[] = rows<AgentContext>([
  ['help',        'text',  'r', '-', 'what there is in this directory',                           ({ server }) => help(server.world, () => agentRows)],
  ['ctl',         'verbs', 'r', '-', 'tick, wake, hibernate, cancel, pause, resume, checkpoint, restore, fork, archive', agentCtl],
  ['status',      'text',  'r', 'r', 'how it is: state, ticks, queue, model',                    agentStatus],
  ['status.json', 'text',  'r', '-', 'the same for programs',                                    agentStatusJson],
  ['error',       'text',  'r', '-', 'the last 20 refusals and failures in words',               ({ agent, server }) => error(server.world, agent.errors)],
  ['wait',        'link',  'r', '-', 'to live/wait: returns when nothing is pending or running', ({ server }) => new Link(server.world, 'live/wait')],
  ['ask',         'call',  '-', '-', 'write a prompt, read the answer, on one descriptor',       ask],
  ['manifest',    'value', 'r', '-', 'all that is set of it, as one YAML document',              setting('manifest')],
  ['mounts',      'text',  'r', '-', 'the mount table of this client',                           ({ server }) => mounts(server.world)],
  ['inbox',       'queue', 'r', '-', 'one file a message that waits; a message makes it tick',   (context) => inbox(context, fixed(agentInbox, context))],
  ['outbox',      'dir',   'w', '-', 'what it said',                                             (context) => outbox(context, fixed(agentOutbox, context))],
  ['deadletter',  'dir',   'r', '-', 'what could not be taken, or failed for good',              (context) => deadletter(context, fixed(agentDeadletter, context))],
  ['goals',       'dir',   'w', '-', 'what it is to reach: each tick perceives the active ones', (context) => new GoalsDir(context, goalRows, fixed(agentGoals, context))],
  ['jobs',        'dir',   'r', '-', 'what it was asked, did and answered: one message, one job', (context) => jobs(context, fixed(agentJobs, context), agentJobs, agentJob)],
  ['memory',      'dir',   'r', '-', 'what it remembers',                                        table(agentMemory)],
  ['identity',    'dir',   'r', '-', 'its Nostr key: who it is, and what it signs',               table(agentIdentity)],
  ['tools',       'dir',   'r', '-', 'what it may use',                                          table(agentTools)],
  ['budget',      'dir',   'r', '-', 'what it may cost',                                         table(agentBudget)],
  ['policy',      'dir',   'r', '-', 'how it is to behave; the operator writes it',              table(agentPolicy)],
  ['schedule',    'dir',   'w', '-', 'what makes it tick at times: one value a schedule',         (context) => schedule(context, fixed(agentSchedule, context))],
  ['logs',        'dir',   'r', '-', 'what it did',                                              table(agentLogs)],
  ['metrics',     'dir',   'r', 'r', 'how busy it is',                                           table(agentMetrics)],
  ['work',        'host',  'w', '-', 'where its tools run: a directory of the host',             ({ agent, server }) => server.work(agent.name, agent.id)],
  ['checkpoints', 'dir',   'r', '-', 'what it was at moments that were kept: ctl makes them',      (context) => new CheckpointsDir(context, checkpointRows)],
  ['live',        'link',  'r', '-', 'what waits for the next record',                           ({ server }) => new Link(server.world, '.live')],
  ['.live',       'dir',   'r', '-', 'where live leads',                                         table(agentLive)],
], { inbox: agentInbox, outbox: agentOutbox, deadletter: agentDeadletter, goals: agentGoals, jobs: agentJobs, memory: agentMemory, identity: agentIdentity, tools: agentTools, budget: agentBudget, policy: agentPolicy, schedule: agentSchedule, logs: agentLogs, metrics: agentMetrics, checkpoints: agentCheckpoints, live: agentLive });

// prettier-ignore
const rootLive = rows<Server>([
  ['events', 'stream', '-', '-', 'everything that happens, as it happens', ({ agents, world }) => new Stream(world, () => agents.log.follow('now'))],
]);

// prettier-ignore
const rootAgents = rows<Server>([
  ['NAME', 'dir', '-', 'r', 'one agent; it has a help of its own'],
], { NAME: agentRows });

// prettier-ignore
export const rootRows: readonly Row<Server>[] = rows<Server>([
  ['README',       'text',  '-', '-', 'for whoever is here for the first time',                          ({ world }) => readme(world)],
  ['help',         'text',  '-', '-', 'what there is in this directory',                                  ({ world }) => help(world, () => rootRows)],
  ['ctl',          'verbs', '-', '-', 'new NAME [MODEL], remove NAME, restore NAME, import PATH, sync, shutdown', ctl],
  ['status',       'text',  '-', 'r', 'version, uptime, agents by state, listeners, mounts, model',      status],
  ['status.json',  'text',  '-', '-', 'the same for programs',                                           statusJson],
  ['index',        'text',  '-', 'r', 'a header line, then one tab-separated line an agent',             index],
  ['error',        'text',  '-', '-', 'the last 20 refusals and failures at the root',                   ({ world, agents }) => error(world, agents.errors)],
  ['doctor',       'text',  '-', '-', 'a line a check: ok, warn or fail, what, what to do',              doctor],
  ['log',          'log',   '-', '-', 'everything that happens, one record each with a sequence number', ({ world, agents }) => new Log(world, agents.log)],
  ['metrics',      'text',  '-', 'r', 'figures of the server, for Prometheus',                           metrics],
  ['agents',       'dir',   '-', 'r', 'mkdir NAME defines an agent, rmdir archives it, mv renames it',   (server) => agentsDir(server)],
  ['mounts',       'text',  '-', '-', 'the mount table of this client',                                  ({ world }) => mounts(world)],
  ['live',         'link',  '-', '-', 'what waits for the next record',                                  ({ world }) => new Link(world, '.live')],
  ['.live',        'dir',   '-', '-', 'where live leads',                                                (server) => new Table(server.world, rootLive, server)],
  ['CACHEDIR.TAG', 'text',  '-', '-', 'lets backup tools skip the tree',                                 ({ world }) => cachedir(world)],
], { live: rootLive, agents: rootAgents });

/** The directories a namespace file can name: `#root`, and `#agent/NAME`. */
export interface Devices {
  readonly root: Table<Server>;
  agent(name: string): AgentDir | undefined;
  /** Hears the name an agent had. */
  onRenamed(listener: (from: string) => void): void;
}

const made = new WeakMap<Server, AgentsDir>();

const agentsDir = (server: Server): AgentsDir => made.get(server)!;

/** The whole tree of one server, and the announcements that keep caches of it true. */
export const devices = (server: Server): Devices => {
  const dirs = new Map<number, AgentDir>();
  const tables = new WeakMap<Agent, Table<AgentContext>>();
  const dirOf = (row: AgentRow): AgentDir => {
    const known = dirs.get(row.id);
    if (known) return known;
    const dir = new AgentDir(server, agentRows, row, tables);
    dirs.set(row.id, dir);
    return dir;
  };
  const agents = new AgentsDir(server, dirOf);
  made.set(server, agents);
  const root = new Table(server.world, rootRows, server, {
    refused: ({ path, error: refusal }) => server.agents.refused(path, refusal),
  });
  const renamed = new Set<(from: string) => void>();
  server.agents.on((change) => {
    if (change.type === 'agent' && change.change === 'evicted') dirs.get(change.agent.id)?.letGo();
    else if (change.type === 'agent') {
      if (change.change === 'renamed') {
        // Its work/ lies under another name on the host now.
        dirs.get(change.agent.id)?.remake('work');
        dirs.get(change.agent.id)?.settingsChanged(['manifest']);
        agents.changed(change.from);
        for (const hear of renamed) hear(change.from);
      }
      // Whoever asked for it can still read the outcome.
      if (change.change === 'restored') tables.get(change.was)?.retire(['ctl']);
      if (change.change === 'removed') dirs.delete(change.agent.id);
      agents.changed(change.agent.name);
    } else if (change.type === 'note') dirs.get(change.agent.id)?.noteChanged(change.path);
    else if (change.type === 'settings') dirs.get(change.agent.id)?.settingsChanged(change.paths);
  });
  return {
    root,
    agent: (name) => {
      const row = server.agents.row(name);
      return row && dirOf(row);
    },
    onRenamed: (listener) => void renamed.add(listener),
  };
};
