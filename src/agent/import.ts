import { Errno } from '../kernel/errno.ts';
import type { Subject } from '../kernel/subject.ts';
import type { Agent } from './agent.ts';
import type { Agents } from './agents.ts';
import { importCoop, isCoop, manifestOf } from './settings/coop.ts';
import { readManifest } from './settings/manifest.ts';

export interface ImportedAgent {
  readonly agent: Agent;
  /** What was not taken over, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * A new agent of a manifest, ours or Coop's. The manifest is understood before anything is made; when it cannot be put on
 * disk, the agent is archived again. EINVAL with the line, EEXIST for its name.
 */
export const importAgent = async (agents: Agents, text: string, subject: Subject): Promise<ImportedAgent> => {
  const warnings: string[] = [];
  let ours = text;
  if (isCoop(text)) {
    const imported = importCoop(text);
    const { model } = imported;
    const there = model !== undefined && agents.models.has(model);
    warnings.push(...imported.warnings);
    if (model !== undefined && !there)
      warnings.push(`brain.model: there is no model '${model}' here: '${agents.models.first.name}' is used`);
    ours = manifestOf(imported, imported.name, there ? model : undefined);
  }
  const { name, model } = await readManifest(ours, { model: (wanted) => void agents.models.get(wanted) });
  if (name === undefined) throw new Errno('EINVAL', 'the manifest has no name');
  const agent = await agents.define(name, subject, model);
  try {
    await agent.settings.write('manifest', Buffer.from(ours), subject);
  } catch (error) {
    await agents.archive(name, subject);
    throw error;
  }
  return { agent, warnings };
};
