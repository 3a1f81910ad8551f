import { UsageError } from './command.ts';
import type { FlagValues } from './flags.ts';

export interface MountOptions {
  readonly aname?: string;
  readonly allowOther: boolean;
}

/** What mount(8) and fstab say that concerns others than us, or holds for every mount of ours anyway. */
const others =
  /^(defaults|(no)?auto|nofail|_netdev|(no)?users?|owner|group|rw|no(suid|dev|atime|diratime)|relatime|lazytime|x-.*|comment=.*)$/;

/** `-o aname=agent:ada,allow_other`. What would be promised and not kept (ro, noexec) is refused. */
export const readMountOptions = (flags: FlagValues): MountOptions => {
  const words = (flags.options ?? '').split(',').filter((word) => word !== '' && !others.test(word));
  const aname = words.find((word) => word.startsWith('aname='))?.slice('aname='.length) ?? flags.aname;
  const unknown = words.find((word) => word !== 'allow_other' && !word.startsWith('aname='));
  if (unknown !== undefined) throw new UsageError(`there is no mount option '${unknown}'`);
  return { allowOther: words.includes('allow_other'), ...(aname !== undefined && { aname }) };
};
