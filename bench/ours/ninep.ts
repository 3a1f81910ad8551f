import { listen } from '../../src/9p/listen.ts';
import { parseAddress } from '../../src/9p/address.ts';
import { Session } from '../../src/kernel/session.ts';
import { operator } from '../../src/kernel/subject.ts';
import { tree } from './tree.ts';

/** Serves the tree over 9P at the addresses that are its arguments; tells the parent their final form. */
const { namespace, changes } = await tree();
const addresses: unknown[] = [];
for (const address of process.argv.slice(2)) {
  const listener = await listen(parseAddress(address), {
    attach: (_aname, { links }) => new Session({ namespace, changes, subject: operator, links }),
    unexpected: (cause) => console.error(cause),
  });
  addresses.push(listener.address);
}
process.on('disconnect', () => process.exit());
process.send?.(addresses);
