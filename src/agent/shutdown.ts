import { Errno } from '../kernel/errno.ts';

/** The reason a running tick is aborted with when the server ends: its messages stay where they are. */
export const shutdown = new Errno('ECANCELED', 'the server stopped');
