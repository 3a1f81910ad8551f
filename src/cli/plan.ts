import { readFile } from 'node:fs/promises';
import { importCoop, isCoop, manifestOf } from '../agent/settings/coop.ts';
import { formatYaml, readYaml } from '../drivers/yaml/yaml.ts';
import { decode } from '../kernel/utf8.ts';
import { at } from './remote.ts';

/** What is known of the new agent before it is there. */
export interface Plan {
  /** For the name and the model that were given or found. */
  readonly manifest: (model: string | undefined) => string;
  /** A model that is taken where there is one of that name. */
  readonly wanted?: string;
  readonly warnings: readonly string[];
}

/** Of a file with a manifest. What is wrong with it is told with its line. */
export const planOf = async (from: string, name: string, model: string | undefined): Promise<Plan> => {
  try {
    const text = decode(await readFile(from));
    if (isCoop(text)) {
      const imported = importCoop(text);
      const { model: wanted, name: theirs } = imported;
      return {
        manifest: (chosen) => manifestOf(imported, name, chosen),
        ...(model === undefined && wanted !== undefined && { wanted }),
        warnings: [...(theirs === name ? [] : [`name: '${theirs}' becomes '${name}'`]), ...imported.warnings],
      };
    }
    const { data } = readYaml(text);
    const ours = { ...(data as object), name, ...(model !== undefined && { model }) };
    // As it was written where nothing changes, so that what is refused has its line.
    const same = JSON.stringify(data) === JSON.stringify(ours) || typeof data !== 'object';
    return { manifest: () => (same ? text : formatYaml(ours)), warnings: [] };
  } catch (error) {
    throw at(from, error);
  }
};
