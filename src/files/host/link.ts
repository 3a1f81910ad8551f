import { nameText } from '../../kernel/name.ts';
import type { Link } from '../../kernel/node.ts';
import { at } from '../../native/at.ts';
import { checked } from '../../native/libc.ts';
import { HostNode } from './node.ts';

const buffer = Buffer.alloc(4096);

/** A symbolic link of the host: a text, which the server never follows. */
export class HostLink extends HostNode implements Link {
  readonly kind = 'link';

  target(): string {
    const n = checked(at().readlinkat(this.descriptor(), '', buffer), 'readlink', this);
    return nameText(buffer.subarray(0, n));
  }
}
