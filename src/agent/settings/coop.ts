import { Errno } from '../../kernel/errno.ts';
import { formatYaml, readYaml } from '../../drivers/yaml/yaml.ts';
import { endpoint } from './network.ts';

/** A manifest of Coop (`agent.yaml`, spec_version coop/v1) as one of ours. */
export interface Imported {
  /** As Coop has it; it need not be a name of ours. */
  readonly name: string;
  /** `PROVIDER/MODEL` of its brain, where it names one. Whether there is such a model is not known here. */
  readonly model?: string;
  /** Without name and model, which the importer chooses. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** What was not taken over, a sentence each: nothing is left out in silence. */
  readonly warnings: readonly string[];
}

type Path = readonly (string | number)[];

/** Does a document call itself one of Coop's? EINVAL for what is no YAML. */
export const isCoop = (text: string): boolean => {
  const { data } = readYaml(text);
  return typeof data === 'object' && data !== null && Object.hasOwn(data, 'spec_version');
};

/** EINVAL with line and column for what is no manifest of Coop. */
export const importCoop = (text: string): Imported => new Importer(text).run();

/** Our manifest with the name and the model that were chosen, as YAML. */
export const manifestOf = ({ manifest }: Imported, name: string, model?: string): string =>
  formatYaml({ name, ...(model !== undefined && { model }), ...manifest });

class Importer {
  readonly #located: ReturnType<typeof readYaml>;
  readonly #warnings: string[] = [];

  constructor(text: string) {
    this.#located = readYaml(text);
  }

  run(): Imported {
    const root = this.#map([]);
    if (root.get('spec_version') !== 'coop/v1') this.#refuse(['spec_version'], "it is to be 'coop/v1'");
    const name = this.#text(['name']);
    if (name === undefined || name === '') return this.#refuse(['name'], 'it is missing');
    const brain = this.#brain();
    const soul = this.#personality();
    const policy = { ...this.#network(), ...this.#resources() };
    const tools = this.#tools(['tools']);
    this.#rest();
    return {
      name,
      ...(brain !== undefined && { model: brain }),
      manifest: {
        ...(soul !== undefined && { soul }),
        ...(tools && { tools }),
        ...(Object.keys(policy).length > 0 && { policy }),
      },
      warnings: this.#warnings,
    };
  }

  #brain(): string | undefined {
    const kind = this.#text(['agent_kind']) ?? 'anthropic';
    if (kind !== 'anthropic')
      this.#warn(['agent_kind'], `'${kind}' is a program of its own: here every agent runs the same loop`);
    const brain = this.#map(['brain']);
    const provider = this.#text(['brain', 'provider']) ?? 'anthropic';
    const model = this.#text(['brain', 'model']);
    const key = this.#text(['brain', 'provider_id']) ?? 'none';
    if (key !== 'none')
      this.#warn(
        ['brain', 'provider_id'],
        `the reference to the key '${key}' is not followed: keys belong to the server`,
      );
    if (this.#text(['brain', 'base_url']) !== undefined)
      this.#warn(['brain', 'base_url'], 'endpoints belong to the server');
    for (const [member, value] of brain) {
      if (['provider', 'model', 'provider_id', 'base_url'].includes(member)) continue;
      if ((member === 'auto_route' || member === 'cache') && value === false) continue;
      if (Array.isArray(value) && value.length === 0) continue;
      this.#warn(['brain', member], 'nothing here corresponds to it');
    }
    return model === undefined ? undefined : `${provider === 'openai-compat' ? 'openai' : provider}/${model}`;
  }

  #personality(): string | undefined {
    for (const [member, value] of this.#map(['personality'])) {
      if (member === 'system_prompt' || isEmpty(value)) continue;
      this.#warn(
        ['personality', member],
        'nothing here corresponds to it: what is to be known of it belongs into the soul',
      );
    }
    return this.#text(['personality', 'system_prompt']);
  }

  /** Coop takes a missing block as open; here nothing is open that was not said to be. */
  #network(): { network?: string | string[] } {
    const network = this.#map(['network']);
    const policy = this.#text(['network', 'policy']);
    if (policy === undefined) {
      this.#warn(
        ['network'],
        "it says no policy, which Coop takes as open: here it is 'off' until policy/network says otherwise",
      );
      return {};
    }
    for (const member of network.keys()) {
      if (member !== 'policy' && member !== 'allow') this.#warn(['network', member], 'nothing here corresponds to it');
    }
    const allow = this.#list(['network', 'allow']);
    if (policy === 'off' || policy === 'open') {
      if (allow.length > 0)
        this.#refuse(['network', 'allow'], `it has a meaning with the policy 'allowlist' only, not with '${policy}'`);
      return { network: policy };
    }
    if (policy !== 'allowlist') this.#refuse(['network', 'policy'], `'${policy}' is not off, allowlist or open`);
    const lines = allow.flatMap((_, index) => this.#allowed(index));
    return { network: lines.length > 0 ? lines : 'off' };
  }

  #allowed(index: number): string[] {
    const path = ['network', 'allow', index] as const;
    const host = this.#text([...path, 'host']) ?? this.#refuse(path, 'it has no host');
    const members = this.#map(path);
    const ports = members.has('ports') ? this.#list([...path, 'ports']) : [443];
    for (const member of members.keys()) {
      if (member !== 'host' && member !== 'ports') this.#warn([...path, member], 'nothing here corresponds to it');
    }
    return ports.flatMap((port) => {
      const where = `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${String(port)}`;
      if (endpoint(where)) return [`allow ${where}`];
      if (!host.startsWith('*.')) this.#refuse(path, `'${where}' is no HOST:PORT`);
      this.#warn(path, `'${where}' is not allowed: policy/network has no patterns, name each host`);
      return [];
    });
  }

  #resources(): { sandbox?: string[] } {
    let memory: string | undefined;
    for (const [member, value] of this.#map(['resources'])) {
      if (member === 'ram_limit_mb' && typeof value === 'number' && Number.isInteger(value) && value > 0)
        memory = `memory ${value}MiB`;
      else this.#warn(['resources', member], 'nothing here corresponds to it');
    }
    return memory === undefined ? {} : { sandbox: ['require', memory] };
  }

  #tools(path: Path): string[] | undefined {
    if (!this.#map([]).has('tools')) return undefined;
    return this.#list(path).map((tool, index) =>
      typeof tool === 'string' ? tool : this.#refuse([...path, index], 'a tool is named by a text'),
    );
  }

  /** What has no counterpart, a warning each. */
  #rest(): void {
    const known = ['spec_version', 'name', 'agent_kind', 'brain', 'tools', 'personality', 'network', 'resources'];
    const says: Readonly<Record<string, string>> = {
      sex: 'an agent has none here',
      visual: 'an agent has no looks here',
      memory: 'what is remembered, and how long, is not set here',
      scheduling: 'where and how often it runs is not set here: it takes one job at a time',
      lease: 'agents are not leased here',
      metadata: 'there is no free form data here',
    };
    for (const [member, value] of this.#map([])) {
      if (known.includes(member)) continue;
      if (!Object.hasOwn(says, member)) this.#warn([member], 'no field of coop/v1');
      else if (typeof value !== 'object') this.#warn([member], says[member]!);
      else
        for (const [inner, given] of this.#map([member])) {
          // What it says is what is so here.
          const same = (inner === 'max_concurrent_jobs' && given === 1) || (inner === 'allow_lease' && given === false);
          if (!same) this.#warn([member, inner], says[member]!);
        }
    }
  }

  #warn(path: Path, reason: string): void {
    const [name] = path.slice(-1);
    const key = typeof name === 'string' ? name : undefined;
    const where = key === undefined ? this.#located.at(path) : this.#located.at(path.slice(0, -1), key);
    this.#warnings.push(`${where}: ${path.join('.')}: ${reason}`);
  }

  #refuse(path: Path, reason: string): never {
    throw new Errno('EINVAL', `${this.#located.at(path)}: ${path.join('.')}: ${reason}`);
  }

  #get(path: Path): unknown {
    let data = this.#located.data;
    for (const name of path) {
      if (typeof data !== 'object' || data === null || !Object.hasOwn(data, name)) return undefined;
      data = (data as Record<string | number, unknown>)[name];
    }
    return data ?? undefined;
  }

  /** The members that have a value; of what is not there, none. */
  #map(path: Path): Map<string, unknown> {
    const data = this.#get(path);
    if (data === undefined && path.length > 0) return new Map();
    if (typeof data !== 'object' || data === null || Array.isArray(data))
      return this.#refuse(path, 'it is to be a map');
    return new Map(Object.entries(data).filter(([, value]) => value !== null));
  }

  #list(path: Path): readonly unknown[] {
    const data = this.#get(path) ?? [];
    return Array.isArray(data) ? (data as unknown[]) : this.#refuse(path, 'it is to be a list');
  }

  /** `off` may be a boolean to whoever wrote it. */
  #text(path: Path): string | undefined {
    const data = this.#get(path);
    if (data === undefined) return undefined;
    if (data === false && path.at(-1) === 'policy') return 'off';
    return typeof data === 'string' ? data : this.#refuse(path, 'it is to be a text');
  }
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;
