import { connect, type Client } from '../../src/9p/client.ts';
import { O_APPEND, O_CREAT, O_TRUNC, O_WRONLY } from '../../src/kernel/mode.ts';
import { Client as Program } from '../support/client.ts';
import type { Random } from './random.ts';

/** Something a client told the server to do, with an id of its own that shows in the effect. */
export interface Order {
  readonly id: string;
  readonly agent: string;
  /** Below the agent. */
  readonly path: string;
  readonly text: string;
  /** With a key of its own (a name or an `Id:`): it may be told again until it is acknowledged, and has one effect. */
  readonly keyed: boolean;
  /** The agent that it makes the agent write to. */
  readonly tells?: string;
  acknowledged: boolean;
}

/** What was told in all lives of a server, and what was acknowledged. */
export class Ledger {
  readonly orders = new Map<string, Order>();
  /** The ids written to each note, in their order; of one writer each. */
  readonly notes = new Map<string, Order[]>();
  /** Called at each acknowledgement. */
  heard: () => void = () => undefined;

  add(order: Omit<Order, 'acknowledged'>): Order {
    const made = { ...order, acknowledged: false };
    if (order.path.startsWith('memory/')) {
      const key = `agents/${order.agent}/${order.path}`;
      this.notes.set(key, [...(this.notes.get(key) ?? []), made]);
    } else this.orders.set(order.id, made);
    return made;
  }

  acknowledge(order: Order): void {
    order.acknowledged = true;
    this.heard();
  }

  get acknowledged(): number {
    return [...this.orders.values()].filter(({ acknowledged }) => acknowledged).length;
  }

  /** What an agent was told, and may be told again because nobody knows whether it arrived. */
  open(agent: string, owner: string): Order[] {
    return [...this.orders.values()].filter(
      (order) => order.keyed && !order.acknowledged && order.agent === agent && order.id.includes(`-${owner}-`),
    );
  }
}

const text = (id: string, random: Random): string => `message ${id} ${'.'.repeat(random.below(3_000))}:end`;

/** One order drawn by chance. */
const draw = (
  id: string,
  agent: string,
  owner: string,
  random: Random,
  others: readonly string[],
): Omit<Order, 'acknowledged'> => {
  const dice = random.below(10);
  const body = text(id, random);
  const order = { id, agent, path: 'inbox/new', text: body, keyed: false };
  if (dice < 2) return { ...order, text: `Id: ${id}\n\n${body}`, keyed: true };
  if (dice < 4) return { ...order, path: `inbox/${id}`, keyed: true };
  if (dice < 5) return { ...order, path: `memory/notes/${owner}`, text: id };
  // Both become a message: the one because its time has come, the other because a goal that is written is worked on.
  const rare = random.below(12);
  if (rare === 0) return { ...order, path: `schedule/${id}`, text: `at 2020-01-01T00:00:00Z ${body}`, keyed: true };
  if (rare === 1) return { ...order, path: `goals/${id}/text` };
  if (dice < 6) {
    const tells = random.pick(others);
    return { ...order, text: `Id: ${id}\n\ntell ${tells} told ${id} :end\n${body}`, keyed: true, tells };
  }
  return order;
};

/** Writes over 9P until the server is gone. Every 20th time it waits until the agent has nothing left to do. */
export const writer = async (
  socket: string,
  ledger: Ledger,
  {
    agent,
    owner,
    life,
    random,
    others,
  }: { agent: string; owner: string; life: number; random: Random; others: readonly string[] },
): Promise<void> => {
  const client = await reach(socket);
  if (!client) return;
  try {
    for (const order of ledger.open(agent, owner)) await send(client, ledger, order);
    for (let n = 0; ; n++) {
      const order = ledger.add(draw(`l${life}-${owner}-${n}`, agent, owner, random, others));
      await send(client, ledger, order);
      if (n % 20 === 19) await read(client, `agents/${agent}/wait`);
    }
  } catch (error) {
    if ((error as { code?: string }).code !== 'ECONNRESET') throw error;
  } finally {
    await client.close();
  }
};

/** undefined: the server was killed before it listened. */
const reach = async (socket: string): Promise<Client | undefined> => {
  try {
    return await connect({ kind: 'unix', path: socket }, { patience: 0 });
  } catch (error) {
    if (['ECONNRESET', 'ECONNREFUSED', 'ENOENT'].includes((error as { code: string }).code)) return undefined;
    throw error;
  }
};

const send = async (client: Client, ledger: Ledger, order: Order): Promise<void> => {
  const made = /^(inbox\/new|goals\/)/.test(order.path) ? 0 : O_CREAT;
  if (order.path.startsWith('goals/')) await client.mkdir(`agents/${order.agent}/goals/${order.id}`);
  const file = await client.open(`agents/${order.agent}/${order.path}`, O_WRONLY | made | (made ? O_TRUNC : O_APPEND));
  await file.write(Buffer.from(order.text), 0);
  await file.close();
  ledger.acknowledge(order);
};

export const read = async (client: Client, path: string): Promise<string> => {
  const file = await client.open(path);
  const parts: Buffer[] = [];
  for (let offset = 0; ;) {
    const piece = Buffer.from(await file.read(65_536, offset));
    if (piece.length === 0) break;
    parts.push(piece);
    offset += piece.length;
  }
  await file.close();
  return Buffer.concat(parts).toString();
};

/** Through the mount; each close that returned is a line on its output. */
const script = `
import os, random, sys
mount, owner, life, agents, seed = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4].split(','), int(sys.argv[5])
chance = random.Random(seed)
try:
    for n in range(1000000):
        agent = chance.choice(agents)
        name = f'l{life}-{owner}-{n}'
        path = 'inbox/new' if chance.random() < 0.7 else 'inbox/' + name
        print('sent', name, agent, flush=True)
        fd = os.open(f'{mount}/agents/{agent}/{path}', os.O_WRONLY | os.O_CREAT)
        os.write(fd, f'message {name} '.encode())
        os.write(fd, b'.' * chance.randrange(3000) + b':end')
        os.close(fd)
        print('acknowledged', name, agent, flush=True)
        if n % 20 == 19:
            open(f'{mount}/agents/{agent}/wait').read()
except OSError as error:
    print('ended', error.errno, flush=True)
`;

/** Errors of a mount whose server was killed: not connected, aborted, input/output. */
const gone = /^ended (107|103|5|2)$/m;

/** Writes through the mount until the server is gone. */
export const mounted = async (
  mount: string,
  ledger: Ledger,
  { owner, life, random, agents }: { owner: string; life: number; random: Random; agents: readonly string[] },
): Promise<void> => {
  const words = [mount, owner, String(life), agents.join(','), String(random.below(2 ** 31))];
  const program = new Program('python3', ['-c', script, ...words]);
  let rest = '';
  program.child.stdout!.on('data', (piece: string) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const [what, id = '', agent = ''] = line.split(' ');
      if (what === 'sent') ledger.add({ id, agent, path: 'inbox', text: '', keyed: false });
      if (what === 'acknowledged') ledger.acknowledge(ledger.orders.get(id)!);
    }
  });
  const { out, err, code } = await program.done;
  if (code !== 0 || !gone.test(out)) throw new Error(`a writer ended with ${String(code)}: ${out.slice(-300)}${err}`);
};
