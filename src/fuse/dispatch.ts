import { Errno, numberOf } from '../kernel/errno.ts';
import type { Awaitable } from '../kernel/node.ts';
import type { Subject } from '../kernel/subject.ts';
import { groupsOf } from '../native/groups.ts';
import { soon } from '../kernel/soon.ts';
import type { Call, Context, Operation, Operations } from './context.ts';
import { ROOT_ID } from './flags.ts';
import type { Caller } from './handles.ts';
import { messages, requestHeader, type Op } from './messages.ts';
import { attributes } from './ops/attributes.ts';
import { data } from './ops/data.ts';
import { listing } from './ops/listing.ts';
import { names } from './ops/names.ts';
import { opening } from './ops/open.ts';
import type { Replies } from './reply.ts';
import { Cursor } from './wire.ts';

/** Requests that wait at once. A reader that blocks costs a promise and a few objects; so many are a leak, not a load. */
const INFLIGHT = 65_536;

/** INIT, INTERRUPT and DESTROY are about the connection, not the tree: whoever owns the connection brings them. */
export type OfConnection = 'INIT' | 'INTERRUPT' | 'DESTROY';

/** What is done on a descriptor is done in the name of who opened it; RELEASE does not even say who closes it. */
const onDescriptor: ReadonlySet<Op> = new Set([
  'READ',
  'WRITE',
  'FLUSH',
  'RELEASE',
  'RELEASEDIR',
  'FSYNC',
  'FSYNCDIR',
  'READDIR',
  'READDIRPLUS',
  'FALLOCATE',
  'LSEEK',
]);

/** What must not answer before an earlier close of the same file, or in the same directory, has been published. */
const afterCloses: ReadonlySet<Op> = new Set([
  'LOOKUP',
  'GETATTR',
  'SETATTR',
  'OPEN',
  'OPENDIR',
  'READDIR',
  'READDIRPLUS',
  'CREATE',
  'UNLINK',
  'RMDIR',
  'LINK',
  'RENAME',
  'RENAME2',
]);

/** Operations nobody asks for in the name of a user. */
const ofKernel: ReadonlySet<Op> = new Set(['FORGET', 'BATCH_FORGET', 'INIT', 'INTERRUPT', 'DESTROY', 'POLL']);

interface Row {
  readonly op: Op;
  readonly run: Operation<Op>;
  readonly onDescriptor: boolean;
  readonly afterCloses: boolean;
  readonly ofKernel: boolean;
}

/** Requests in, answers out: decodes, finds who asks, runs the operation, and sends exactly one answer for each. */
export class Dispatcher {
  readonly #context: Context;
  readonly #replies: Replies;
  readonly #rows: (Row | undefined)[] = [];
  readonly #uid = process.getuid?.() ?? 0;
  readonly #others: Subject;
  /** Told of every answer that was not given in the turn of its request. */
  readonly #answered: () => void;

  constructor(
    context: Context,
    replies: Replies,
    own: Operations<OfConnection>,
    others: Subject,
    answered: () => void,
  ) {
    this.#others = others;
    this.#context = context;
    this.#replies = replies;
    this.#answered = answered;
    const all = { ...names, ...opening, ...data, ...attributes, ...listing, ...own } satisfies Operations<Op>;
    for (const op of Object.keys(messages) as Op[]) {
      this.#rows[messages[op].number] = {
        op,
        run: all[op],
        onDescriptor: onDescriptor.has(op),
        afterCloses: afterCloses.has(op),
        ofKernel: ofKernel.has(op),
      };
    }
  }

  /** One message of `length` bytes. Never throws. Returns true where its answer comes later. */
  take(frame: Buffer, length: number): boolean {
    if (length < requestHeader.size) return this.#drop(`a request of ${length} bytes`);
    const header = requestHeader.read(new Cursor(frame, 0, length), {});
    const { unique, opcode, nodeid } = header;
    // 0 is the kernel's number for what is no request, and it counts from there by two: this is not from a kernel.
    if (unique === 0 || unique === Number.MAX_SAFE_INTEGER) return this.#drop(`a request numbered ${unique}`);
    const row = this.#rows[opcode];
    if (!row) {
      this.#replies.fail(unique, numberOf('ENOSYS'));
      return false;
    }
    try {
      if (header.len !== length) throw new Errno('EIO', `a request of ${length} bytes that says ${header.len}`);
      // Extensions are sent only where they were asked for.
      if (header.total_extlen !== 0) throw new Errno('EINVAL', 'a request with extensions');
      const cursor = new Cursor(frame, requestHeader.size, length);
      const body = messages[row.op].request.read(cursor, {});
      if (cursor.at !== length) throw new Errno('EIO', `${row.op} with ${length - cursor.at} bytes too many`);
      const result = this.#run(row, body, header.unique, nodeid, header.uid, header.gid, header.pid);
      if (result instanceof Promise) return true;
      this.#replies.answer(row.op, unique, result);
    } catch (error) {
      this.#fail(row.op, unique, error);
    }
    return false;
  }

  #run(
    row: Row,
    body: unknown,
    unique: number,
    node: number,
    uid: number,
    gid: number,
    pid: number,
  ): Awaitable<unknown> {
    const context = this.#context;
    const caller = row.onDescriptor
      ? context.handles.get((body as { fh: number }).fh).caller
      : this.#caller(row, uid, gid, pid);
    const request = context.session.request(caller);
    const call: Call = { unique, node, caller, request };
    const run = (): Awaitable<unknown> => row.run(context, body as never, call);
    const foreign =
      caller?.subject !== undefined && caller.subject !== context.session.subject && !row.onDescriptor && !row.ofKernel;
    const before = row.afterCloses && context.publishing.size > 0 ? context.publishing.wait(node, request) : undefined;
    const result = before || foreign ? this.#prepared(before, foreign, call, run) : run();
    if (!(result instanceof Promise)) return result;
    if (context.inflight.size >= INFLIGHT) {
      request.abort();
      result.catch(() => undefined); // it is answered here, with EAGAIN
      throw new Errno('EAGAIN', 'too many requests wait');
    }
    context.inflight.set(unique, request);
    return result.then(
      (value) => this.#later(row.op, unique, () => this.#replies.answer(row.op, unique, value)),
      (error: unknown) => this.#later(row.op, unique, () => this.#fail(row.op, unique, error)),
    );
  }

  #later(op: Op, unique: number, answer: () => void): void {
    this.#context.inflight.delete(unique);
    try {
      answer();
    } catch (error) {
      this.#fail(op, unique, error);
    }
    this.#answered();
  }

  async #prepared(
    before: Promise<void> | undefined,
    foreign: boolean,
    call: Call,
    run: () => unknown,
  ): Promise<unknown> {
    await before;
    if (foreign) await this.#reaches(call);
    return run();
  }

  /**
   * The kernel's name cache is shared by all users of the mount, so a foreign one may name a node it could not have
   * walked to. It is walked again in its own name.
   */
  #reaches({ node, request }: Call): Awaitable<void> {
    const { session, nodes } = this.#context;
    const path = nodes.names(node);
    if (!path) throw new Errno('ESTALE', `no node ${node}`);
    const fid = nodes.next();
    return soon(session.walk(ROOT_ID, fid, path, request), (passed) => {
      if (passed.length < path.length) throw new Errno('ENOENT');
      return session.clunk(fid, request);
    });
  }

  /** A mount without allow_other lets no other uid through, with it, all. */
  #caller(row: Row, uid: number, gid: number, pid: number): Caller {
    if (row.ofKernel || uid === this.#uid) return { uid, gid };
    return { uid, gid, groups: groupsOf(pid), subject: this.#others };
  }

  #fail(op: Op, unique: number, error: unknown): void {
    const { number } = Errno.from(error, (cause) => this.#context.log(`fuse: ${op} failed`, cause));
    if (messages[op].reply !== 'none') this.#replies.fail(unique, number);
  }

  #drop(what: string): false {
    this.#context.log(`fuse: ${what} was dropped`);
    return false;
  }
}
