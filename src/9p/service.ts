import type { Errno } from '../kernel/errno.ts';
import type { Awaitable } from '../kernel/node.ts';
import type { Request } from '../kernel/request.ts';
import type { Session } from '../kernel/session.ts';
import type { Dialect, Message, Reply, RequestName } from './codec.ts';
import type { Conversation } from './conversation.ts';
import type { Table } from './messages.ts';
import type { Qid } from './fields.ts';
import type { Writer } from './wire.ts';

/** These belong to the connection itself. */
type Own = 'Tversion' | 'Tauth' | 'Tattach' | 'Tflush';

/**
 * A dialect's translation: each request to the verbs of a session, and back to the one reply that answers it. A handler
 * returns a promise only where the session does.
 */
export type Handlers<T extends Table> = {
  readonly [N in Exclude<RequestName<T>, Own>]: (
    message: Message<T, N>,
    session: Session,
    request: Request,
    talk: Conversation,
  ) => Awaitable<Reply<T, N>>;
};

/** A message whose table is not known where it is passed on. */
export interface AnyMessage {
  readonly type: string;
}

type Handler = (message: AnyMessage, session: Session, request: Request, talk: Conversation) => Awaitable<AnyMessage>;

/** A dialect as the connection sees it. */
export interface Service {
  readonly version: string;
  readonly links: boolean;
  decode(frame: Buffer): AnyMessage;
  encode(to: Writer, tag: number, message: AnyMessage): void;
  show(tag: number, message: AnyMessage): string;
  handler(type: string): Handler | undefined;
  attached(qid: Qid): AnyMessage;
  error(error: Errno): AnyMessage;
}

export const service = <T extends Table>(
  dialect: Dialect<T>,
  own: { links: boolean; handlers: Handlers<T>; attached(qid: Qid): Message<T>; error(error: Errno): Message<T> },
): Service => {
  const handlers = new Map(Object.entries(own.handlers as unknown as Record<string, Handler>));
  return {
    version: dialect.version,
    links: own.links,
    decode: (frame) => dialect.decode(frame) as unknown as AnyMessage,
    encode: (to, tag, message) => {
      dialect.encode(to, tag, message as unknown as Message<T>);
    },
    show: (tag, message) => dialect.show(tag, message as unknown as Message<T>),
    handler: (type) => handlers.get(type),
    attached: (qid) => own.attached(qid) as unknown as AnyMessage,
    error: (error) => own.error(error) as unknown as AnyMessage,
  };
};
