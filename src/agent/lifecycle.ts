import { Errno } from '../kernel/errno.ts';

/** What a status shows. `working` is only in memory: on disk an agent is what it will be after its tick. */
export type State = 'idle' | 'working' | 'paused' | 'hibernated' | 'failed';
export type Rest = Exclude<State, 'working'>;

export type Verb = 'tick' | 'wake' | 'hibernate' | 'pause' | 'resume' | 'archive' | 'rename';

/** What a verb does to an agent in a state: nothing to say where it is legal. A code where it is refused, with the reason. */
const refusals: Record<Verb, Partial<Record<State, readonly ['EBUSY' | 'EINVAL', string]>>> = {
  tick: { paused: ['EBUSY', 'it is paused: resume it first'], failed: ['EBUSY', 'it has failed: resume it first'] },
  wake: {
    paused: ['EINVAL', 'a paused agent does not sleep: resume it'],
    failed: ['EINVAL', 'a failed agent does not sleep: resume it'],
  },
  hibernate: {
    working: ['EBUSY', 'it works'],
    paused: ['EINVAL', 'a paused agent cannot hibernate: resume it first'],
    failed: ['EINVAL', 'a failed agent cannot hibernate: resume it first'],
  },
  pause: { failed: ['EINVAL', 'a failed agent cannot be paused: resume it'] },
  resume: {},
  archive: { working: ['EBUSY', 'it works'] },
  rename: { working: ['EBUSY', 'it works'], failed: ['EBUSY', 'it has failed: resume it first'] },
};

/** EBUSY for what may be done later, EINVAL for what is never legal in this state. */
export const assertLegal = (verb: Verb, state: State, name: string): void => {
  const refusal = refusals[verb][state];
  if (refusal) throw new Errno(refusal[0], `${verb} of '${name}': ${refusal[1]}`);
};
