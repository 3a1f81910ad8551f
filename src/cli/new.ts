import { Errno } from '../kernel/errno.ts';
import { O_TRUNC, O_WRONLY } from '../kernel/mode.ts';
import type { Run } from './command.ts';
import { print } from './output.ts';
import { withServer, type Remote } from './remote.ts';

/** Prints the path of the agent it makes. With --from, of a manifest: what that cannot bring is told on standard error. */
export const run: Run = async ([name], flags) => {
  const { from, model } = flags;
  const plan = from === undefined ? undefined : await (await import('./plan.ts')).planOf(from, name!, model);
  return withServer(flags, async (remote) => {
    const warnings = [...(plan?.warnings ?? [])];
    let chosen = model ?? plan?.wanted;
    try {
      await define(remote, name!, chosen);
    } catch (error) {
      if (model !== undefined || chosen === undefined || (error as Errno).code !== 'EINVAL') throw error;
      // Either there is no such model or it is no name: then the server says so again.
      await define(remote, name!);
      warnings.push(`brain.model: there is no model '${chosen}' here: the one the server has first is used`);
      chosen = undefined;
    }
    if (plan) await configure(remote, name!, plan.manifest(chosen));
    for (const warning of warnings) process.stderr.write(`weft: ${from!}: not taken over: ${warning}\n`);
    await print(`agents/${name!}\n`);
    return 0;
  });
};

const define = async (remote: Remote, name: string, model?: string): Promise<void> => {
  const line = ['new', name, ...(model === undefined ? [] : [model])].join(' ');
  await remote.file('ctl', O_WRONLY, (file) => remote.send(file, [Buffer.from(`${line}\n`)]));
};

/** Writes the manifest; when that fails, the agent was never there, and the reason is told. */
const configure = async (remote: Remote, name: string, manifest: string): Promise<void> => {
  const path = `agents/${name}/manifest`;
  try {
    await remote.file(path, O_WRONLY | O_TRUNC, (file) => remote.send(file, [Buffer.from(manifest)]));
  } catch (error) {
    const { code } = error as Errno;
    const reason = (await remote.text(`agents/${name}/error`)).trimEnd().split('\n').at(-1)!;
    await remote.client.remove(`agents/${name}`, remote.signal);
    // TIME PATH CODE REASON
    throw new Errno(code, reason.split(' ').slice(3).join(' ') || undefined, { path, cause: error });
  }
};
