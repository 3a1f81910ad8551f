import type { Awaitable } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import type { Session } from '../kernel/session.ts';
import type { Caller, Handles, Publishing } from './handles.ts';
import type { Answer, Body, Op } from './messages.ts';
import type { Nodes } from './nodes.ts';

/** Where failures go that nobody can be told of. */
export type Log = (text: string, cause?: unknown) => void;

/** What the operations of one connection share. */
export interface Context {
  readonly session: Session;
  readonly nodes: Nodes;
  readonly handles: Handles;
  readonly publishing: Publishing;
  /** Requests that wait, by the kernel's number. */
  readonly inflight: Map<number, Request>;
  readonly log: Log;
  /** Counts announced changes: an answer that was computed before one must not be kept by the kernel after it. */
  serial: number;
  /** Keeps the frame that is being handled from being used again, until the function it returns is called. */
  readonly hold: () => () => void;
  /** Tells the kernel to ask poll(2) again. */
  readonly wake: (kh: number) => void;
}

export interface Call {
  readonly unique: number;
  readonly node: number;
  readonly caller: Caller;
  readonly request: Request;
}

export type Operation<O extends Op> = (context: Context, body: Body<O>, call: Call) => Awaitable<Answer<O>>;
export type Operations<O extends Op> = { readonly [K in O]: Operation<K> };
