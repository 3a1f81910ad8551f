/**
 * Errors are born with their code. Numbers are Linux's (asm-generic/errno.h) because both FUSE and 9P2000.L carry
 * them; words are the C library's (strerror), because Linux maps plain 9P2000 error text back by exact match.
 */
const table = {
  EPERM: [1, 'Operation not permitted'],
  ENOENT: [2, 'No such file or directory'],
  EINTR: [4, 'Interrupted system call'],
  EIO: [5, 'Input/output error'],
  ENXIO: [6, 'No such device or address'],
  E2BIG: [7, 'Argument list too long'],
  EBADF: [9, 'Bad file descriptor'],
  EAGAIN: [11, 'Resource temporarily unavailable'],
  ENOMEM: [12, 'Cannot allocate memory'],
  EACCES: [13, 'Permission denied'],
  EBUSY: [16, 'Device or resource busy'],
  EEXIST: [17, 'File exists'],
  EXDEV: [18, 'Invalid cross-device link'],
  ENODEV: [19, 'No such device'],
  ENOTDIR: [20, 'Not a directory'],
  EISDIR: [21, 'Is a directory'],
  EINVAL: [22, 'Invalid argument'],
  ENFILE: [23, 'Too many open files in system'],
  EMFILE: [24, 'Too many open files'],
  ENOTTY: [25, 'Inappropriate ioctl for device'],
  ETXTBSY: [26, 'Text file busy'],
  EFBIG: [27, 'File too large'],
  ENOSPC: [28, 'No space left on device'],
  ESPIPE: [29, 'Illegal seek'],
  EROFS: [30, 'Read-only file system'],
  EMLINK: [31, 'Too many links'],
  EPIPE: [32, 'Broken pipe'],
  ERANGE: [34, 'Numerical result out of range'],
  ENAMETOOLONG: [36, 'File name too long'],
  ENOSYS: [38, 'Function not implemented'],
  ENOTEMPTY: [39, 'Directory not empty'],
  ELOOP: [40, 'Too many levels of symbolic links'],
  ENODATA: [61, 'No data available'],
  EPROTO: [71, 'Protocol error'],
  EBADMSG: [74, 'Bad message'],
  EOVERFLOW: [75, 'Value too large for defined data type'],
  EMSGSIZE: [90, 'Message too long'],
  ENOTSUP: [95, 'Operation not supported'],
  ETIMEDOUT: [110, 'Connection timed out'],
  ECONNREFUSED: [111, 'Connection refused'],
  EHOSTUNREACH: [113, 'No route to host'],
  ESTALE: [116, 'Stale file handle'],
  EDQUOT: [122, 'Disk quota exceeded'],
  ECANCELED: [125, 'Operation canceled'],
  ENOKEY: [126, 'Required key not available'],
  ECONNRESET: [104, 'Connection reset by peer'],
} as const satisfies Record<string, readonly [number, string]>;

export type Code = keyof typeof table;

export const isCode = (code: unknown): code is Code => typeof code === 'string' && Object.hasOwn(table, code);
export const numberOf = (code: Code): number => table[code][0];
export const textOf = (code: Code): string => table[code][1];

const byNumber = new Map<number, Code>(Object.entries(table).map(([code, [number]]) => [number, code as Code]));

export interface ErrnoContext {
  path?: string;
  op?: string;
  cause?: unknown;
}

/** `code` is stable and what tests match; `message` is for people and may change. */
export class Errno extends Error {
  readonly code: Code;
  readonly path: string | undefined;
  readonly op: string | undefined;

  constructor(code: Code, reason?: string, context: ErrnoContext = {}) {
    super(reason ?? textOf(code), context.cause === undefined ? undefined : { cause: context.cause });
    this.name = 'Errno';
    this.code = code;
    this.path = context.path;
    this.op = context.op;
  }

  /** The number the wire carries, positive. */
  get number(): number {
    return numberOf(this.code);
  }

  /** A Linux errno number from the wire or from a system call, positive; an unknown one becomes EIO. */
  static ofNumber(number: number, reason?: string): Errno {
    const code = byNumber.get(number);
    return code ? new Errno(code, reason) : new Errno('EIO', reason ?? `errno ${number}`);
  }

  /**
   * An answer rather than a failure: that a name does not exist, that an attribute is not there. Without a stack, which
   * would cost ten times what it takes to find that out.
   */
  static plain(code: Code, reason?: string, context?: ErrnoContext): Errno {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      return new Errno(code, reason, context);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  /** What a system call answered: as `ofNumber`, and plain. */
  static answer(number: number, op: string, path?: string): Errno {
    const code = byNumber.get(number);
    const reason = `${op}: ${code ? textOf(code) : `errno ${number}`}`;
    return Errno.plain(code ?? 'EIO', reason, path === undefined ? { op } : { op, path });
  }

  /** A failed call of node:fs or node:net whose code is part of our contract, else EIO with the failure as cause. */
  static ofSystem(error: unknown): Errno {
    if (error instanceof Errno) return error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (isCode(code)) return new Errno(code, message, { cause: error });
    return new Errno('EIO', message, { cause: error });
  }

  /**
   * What an exporter answers: an Errno is itself, an AbortError is EINTR, anything else is a defect of ours and EIO.
   * `unexpected` hears of the last kind, once, so that its cause reaches the log.
   */
  static from(error: unknown, unexpected: (cause: unknown) => void): Errno {
    if (error instanceof Errno) return error;
    if (error instanceof Error && error.name === 'AbortError') return new Errno('EINTR');
    unexpected(error);
    return new Errno('EIO', undefined, { cause: error });
  }
}
