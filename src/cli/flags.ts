/** Every flag of every command, once: a name means the same wherever it is taken, so it can stand before the command too. */
export interface Flag {
  /** As commander reads it: `-a, --append`, `--addr <address>`; `[tier]` may be left out. */
  readonly form: string;
  readonly sentence: string;
  /** May be given more than once; the values are collected. */
  readonly repeatable?: boolean;
}

export const flags = {
  addr: { form: '--addr <address>', sentence: 'the server to talk to (else WEFT_ADDR, else the default socket)' },
  aname: { form: '--aname <view>', sentence: 'what to see: agent:NAME or observer (else all that the caller may)' },
  state: { form: '--state <dir>', sentence: 'state directory (default $XDG_STATE_HOME/weft or ~/.local/state/weft)' },
  mount: { form: '--mount <dir>', sentence: 'where the tree appears (default ~/weft)' },
  noMount: { form: '--no-mount', sentence: 'serve 9P only' },
  listen: {
    form: '--listen <address>',
    sentence: 'serve 9P there; may be repeated (default unix:STATE/9p.sock)',
    repeatable: true,
  },
  driver: { form: '--driver <name>', sentence: 'how to mount: kernel (Linux) or native (fuse-native)' },
  from: { form: '--from <file>', sentence: "a manifest to make the agent of: weft's or Coop's agent.yaml" },
  model: { form: '--model <provider[/model]>', sentence: 'the model that agents use unless told otherwise' },
  detach: { form: '--detach', sentence: 'return when it is ready and leave it running' },
  logLevel: { form: '--log-level <level>', sentence: 'debug, info, warn or error (default info)' },
  insecureTcp: {
    form: '--insecure-tcp [tier]',
    sentence: 'allow TCP without authentication on loopback: observer (default) or operator',
  },
  examples: { form: '--examples', sentence: 'create the example agents that are not there yet' },
  append: { form: '-a, --append', sentence: 'add to the end instead of replacing' },
  long: { form: '-l, --long', sentence: 'one line an entry: mode, size, time, name' },
  lines: { form: '-n, --lines <count>', sentence: 'how many lines of the past to begin with (default 10)' },
  reconnect: { form: '--reconnect', sentence: 'when the server ends, wait a minute for the next one and go on' },
  wait: { form: '--wait', sentence: 'return when nothing is pending or running' },
  heads: { form: '--heads <file>', sentence: 'what an earlier verify printed: those records must still be there' },
  options: { form: '-o, --options <list>', sentence: 'mount options, comma-separated, as mount(8) gives them' },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof flags;

/** What a command is given. Absent means: not on the command line. */
export interface FlagValues {
  readonly addr?: string;
  readonly aname?: string;
  readonly state?: string;
  /** `false` is --no-mount. */
  readonly mount?: string | false;
  readonly listen?: readonly string[];
  readonly driver?: string;
  readonly from?: string;
  readonly model?: string;
  readonly detach?: true;
  readonly logLevel?: string;
  /** `true`: without a tier. */
  readonly insecureTcp?: string | true;
  readonly examples?: true;
  readonly append?: true;
  readonly long?: true;
  readonly lines?: string;
  readonly reconnect?: true;
  readonly wait?: true;
  readonly heads?: string;
  readonly options?: string;
}
