// A tour that really happens: a server of its own in a directory of its own, and a shell in its mount. What is printed
// is what was typed and what came back. Any step that does not do what it shows ends the tour with exit 1.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../package.ts';

interface Step {
  /** What it is about, where a new part begins. */
  readonly title?: string;
  /** For a shell whose directory is the mount. */
  readonly command: string;
  /** What must be in the output, or it was not what it looks like. */
  readonly shows: RegExp;
  /** The command is meant to be refused. */
  readonly fails?: true;
}

const steps: readonly Step[] = [
  { title: 'The tree explains itself', command: 'cat README', shows: /inbox\/new/ },
  { command: 'ls', shows: /^agents$/m },
  { title: 'A directory is an agent', command: 'mkdir agents/bob', shows: /^$/ },
  { command: 'ls agents/bob', shows: /^inbox$/m },
  { command: 'cat agents/bob/status', shows: /^state idle$/m },
  {
    title: 'Writing a file makes it tick; wait is a read',
    command: "echo 'How are you?' > agents/bob/inbox/new",
    shows: /^$/,
  },
  { command: 'cat agents/bob/wait', shows: /^idle/ },
  { command: 'cat agents/bob/outbox/last', shows: /How are you\?/ },
  {
    title: 'Question and answer on one descriptor',
    command: "exec 3<>agents/bob/ask; echo 'And now?' >&3; cat <&3",
    shows: /And now\?/,
  },
  {
    title: 'What it remembers is files',
    command: "echo 'The demo is on Friday.' > agents/bob/memory/notes/demo",
    shows: /^$/,
  },
  { command: "weft ask bob 'When is the demo?'", shows: /memory\/notes\/demo/ },
  { title: 'One step by hand', command: 'echo tick > agents/bob/ctl; cat agents/bob/wait', shows: /^idle/ },
  { command: 'cat agents/bob/status', shows: /^last_cause manual$/m },
  {
    title: 'Everything it did is on record',
    command: 'tail -n 8 agents/bob/logs/trajectory | cut -c1-110',
    shows: /"phase":"WAKE"[^]*"phase":"SLEEP"/,
  },
  { command: 'grep -c . agents/bob/logs/trace', shows: /^\d+$/m },
  {
    title: 'A wrong word is refused at once, and the reason is a file',
    command: 'echo juggle > agents/bob/ctl',
    shows: /Invalid argument/,
    fails: true,
  },
  { command: 'tail -n 1 agents/bob/error', shows: /EINVAL juggle/ },
  { command: 'weft why', shows: /^agents\/bob\/error: .*juggle/ },
  {
    title: 'Pause, and what was sent waits',
    command: 'echo pause > agents/bob/ctl; echo later > agents/bob/inbox/new; cat agents/bob/wait',
    shows: /^paused 1/,
  },
  { command: 'ls agents/bob/inbox', shows: /^m\w+\n?new$/m },
  { command: 'echo resume > agents/bob/ctl; cat agents/bob/wait agents/bob/outbox/last', shows: /^idle\n.*later/ },
  {
    title: 'The same tree over 9P, for other machines',
    command: 'weft cat status',
    shows: /^listeners unix:/m,
  },
  { command: 'weft ls -l agents/bob/outbox', shows: /^-r--r--r-- .* last$/m },
  { command: 'weft --aname agent:bob ls', shows: /^inbox$/m },
  { title: 'Away with it', command: 'rmdir agents/bob; ls agents', shows: /^$/ },
];

const shell = (
  command: string,
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output: output.replace(/^bash: line \d+: /gm, 'bash: ') }));
  });

/** Ends the tour after the step that runs, so that nothing stays mounted. */
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => (interrupted = true));

const tour = async (mount: string, env: NodeJS.ProcessEnv): Promise<void> => {
  for (const { title, command, shows, fails } of steps) {
    if (title !== undefined) process.stdout.write(`\n# ${title}\n`);
    process.stdout.write(`$ ${command}\n`);
    const { code, output } = await shell(command, mount, env);
    process.stdout.write(output);
    if (interrupted) throw new Error('interrupted');
    if ((code !== 0) !== (fails ?? false)) throw new Error(`'${command}' ended with exit code ${String(code)}`);
    if (!shows.test(output)) throw new Error(`'${command}' should have shown ${String(shows)}`);
  }
};

const main = async (): Promise<void> => {
  const base = await mkdtemp(join(tmpdir(), 'weft-demo-'));
  const [state, mount] = [join(base, 'state'), join(base, 'weft')];
  const env = {
    ...process.env,
    WEFT_STATE: state,
    WEFT_ADDR: `unix:${state}/9p.sock`,
    PATH: `${join(packageRoot, 'bin')}:${process.env['PATH'] ?? ''}`,
  };
  await mkdir(mount);
  let up = false;
  try {
    for (const command of [`weft up --mount ${mount} --model offline --detach`, `cd ${mount}`]) {
      process.stdout.write(`$ ${command}\n`);
      const { code, output } = await shell(command, up ? mount : base, env);
      process.stdout.write(output);
      if (code !== 0) throw new Error(`'${command}' ended with exit code ${String(code)}`);
      up = true;
    }
    await tour(mount, env);
    process.stdout.write('\n# The end\n$ cd; weft down\n');
    const { code, output } = await shell('weft down', base, env);
    process.stdout.write(output);
    if (code !== 0) throw new Error('weft down failed');
    up = false;
  } finally {
    if (up) await shell('weft down', base, env);
    await rm(base, { recursive: true });
  }
};

main().catch((error: unknown) => {
  process.stderr.write(`demo: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
