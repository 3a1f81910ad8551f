import { listen } from '../src/9p/listen.ts';
import { formatAddress } from '../src/9p/address.ts';
import { Session } from '../src/kernel/session.ts';
import { operator } from '../src/kernel/subject.ts';
import { MemoryDir, MemoryFile, sessionOn } from '../test/support/nodes.ts';

/** A process of its own that serves one small and one large file in memory; prints its address. */
const large = new MemoryFile('');
large.content = Buffer.alloc(64 << 20, 'abcdefgh');
const small = new MemoryFile('x'.repeat(4096));
const { namespace, changes } = await sessionOn(new MemoryDir({ small, large }));
const listener = await listen(
  { kind: 'tcp', host: '127.0.0.1', port: 0 },
  {
    attach: (_aname, { links }) => new Session({ namespace, changes, subject: operator, links }),
    unexpected: (cause) => {
      throw cause;
    },
  },
);
console.log(formatAddress(listener.address));
