import { Peer } from './peer.ts';
import type { Served } from './tree.ts';

/**
 * Runs a conversation (fixtures/9p/README.md says how one is written). Returns nothing; throws an Error that names the line.
 */
export const converse = async (text: string, served: Served): Promise<void> => {
  let peer = await Peer.to(served.path);
  let batch: string[] = [];
  const send = (): void => {
    if (batch.length > 0) peer.lines(...batch);
    batch = [];
  };
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const where = `line ${index + 1}: ${line}`;
    if (line.startsWith('T')) {
      if (line.startsWith('Tversion')) send();
      batch.push(line);
      continue;
    }
    send();
    if (line.startsWith('R')) {
      const got = await peer.next();
      if (got === undefined) throw new Error(`${where}\n  the connection was closed`);
      if (!matches(got, line)) throw new Error(`${where}\n  got ${got}`);
      const [, version] = /^Rversion .*version="([^"]*)"/.exec(got) ?? [];
      if (version !== undefined) peer.use(version);
    } else await command(line, where);
  }
  send();
  await peer.close();

  async function command(line: string, where: string): Promise<void> {
    const [verb, ...words] = line.split(' ');
    const rest = words.join(' ');
    if (verb === 'raw') peer.socket.write(Buffer.from(rest.replaceAll(' ', ''), 'hex'));
    else if (verb === 'say') served.talker.say(JSON.parse(rest) as string);
    else if (verb === 'waits') await served.talker.until(() => served.talker.waiting === Number(rest));
    else if (verb === 'reconnect') {
      await peer.close();
      peer = await Peer.to(served.path);
    } else if (verb === 'closed') {
      const got = await peer.next();
      if (got !== undefined) throw new Error(`${where}\n  got ${got}`);
    } else throw new Error(`${where}\n  no such command`);
  }
};

/** Type and tag are equal, and every field that is named has that value; `*` in it stands for anything. */
const matches = (got: string, wanted: string): boolean => {
  const [gotHead, gotFields] = fieldsOf(got);
  const [head, fields] = fieldsOf(wanted);
  if (gotHead !== head) return false;
  return [...fields].every(([name, value]) => {
    const pattern = value.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    const found = gotFields.get(name);
    return found !== undefined && new RegExp(`^${pattern.join('.*')}$`).test(found);
  });
};

/** `Rx 1 a=(1 2) b="x y"` as `Rx 1` and its fields. */
const fieldsOf = (line: string): [string, Map<string, string>] => {
  const [head = '', ...pieces] = line.split(/ (?=[a-z_]+=)/);
  const fields = new Map<string, string>();
  let open = '';
  for (const piece of pieces) {
    // A piece inside brackets of the one before belongs to it.
    const whole = open === '' ? piece : `${open} ${piece}`;
    const bare = whole.replace(/"(?:[^"\\]|\\.)*"/g, '');
    const depth = (bare.match(/[[({]/g)?.length ?? 0) - (bare.match(/[\])}]/g)?.length ?? 0);
    open = depth > 0 ? whole : '';
    if (depth > 0) continue;
    const at = whole.indexOf('=');
    fields.set(whole.slice(0, at), whole.slice(at + 1));
  }
  return [head, fields];
};
