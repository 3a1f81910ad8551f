import type { Agents } from './agent/agents.ts';
import { operator } from './kernel/subject.ts';

/** The example agents: a name and what each remembers from the start. */
const examples: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ada: { about: 'I am Ada, an example. Write to inbox/new and I answer; see help.\n' },
  grace: { about: 'I am Grace, an example. Pause me with: echo pause > ctl\n' },
};

/** Makes the example agents that are not there yet. Names that exist are left as they are. */
export const makeExamples = async (agents: Agents): Promise<void> => {
  for (const [name, notes] of Object.entries(examples)) {
    if (agents.has(name)) continue;
    const agent = await agents.define(name, operator);
    for (const [path, text] of Object.entries(notes)) await agent.notes.write(path, Buffer.from(text));
  }
};
