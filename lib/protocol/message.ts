import type { RpcStatus } from '../errors/status.js';

/**
 * What callers and servers say to each other. A record carries a list of them (`frame-list.ts`); who sends and where
 * replies go stands once per record (`envelope.ts`). Payloads, metadata and details are bytes made by the serializer.
 */
export type Message =
  | RequestMessage
  | EventMessage
  | DeferredMessage
  | IdempotentMessage
  | ResultMessage
  | NextMessage
  | CompleteMessage
  | ErrorMessage
  | HeadersMessage
  | ProgressMessage
  | CancelMessage
  | CreditMessage
  | PingMessage
  | PongMessage;

/** What a request and an event have in common. */
interface Invocation {
  /** The sender's own count: with the sender's id it names the call in the whole cluster. */
  readonly seq: number;
  /** Nest's normalized pattern. */
  readonly pattern: string;
  /** Calls with the same key run in the order sent. */
  readonly key: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Nest's `packet.metadata`, serialized; empty when there is none. */
  readonly metadata: Buffer;
  readonly payload: Buffer;
  /** Milliseconds from the record's append time after which nobody waits; 0 for never. */
  readonly ttlMs: number;
  /** When the sender handed it over, on the sender's estimate of the broker's clock. */
  readonly sentAtMs: number;
  /** 1 for the first time that the caller sends this call. */
  readonly attempt: number;
}

/** A call that wants an answer. */
export interface RequestMessage extends Invocation {
  readonly kind: 'request';
}

/** A message that wants none. */
export interface EventMessage extends Invocation {
  readonly kind: 'event';
}

/**
 * A request or an event that is not to be run before a time, with what is known of it from before. A server that does not know the
 * kind skips it.
 */
export interface DeferredMessage extends Invocation {
  readonly kind: 'deferred';
  /** What it is once its time has come. */
  readonly invokes: 'request' | 'event';
  /** On the broker's clock, in milliseconds since the epoch. */
  readonly dueAtMs: number;
  /** How often it was run, and failed. */
  readonly runs: number;
  /** How often it was taken back from the dead letters. */
  readonly redriven: number;
  /** The serializer of payload and metadata; empty for that of the envelope. */
  readonly contentType: string;
  /** As what it was sent at first; `null` for this very message. */
  readonly origin: MessageOrigin | null;
  readonly firstError: FailedRun | null;
  readonly lastError: FailedRun | null;
}

/**
 * A request that is to have one result for its idempotency key, whoever sends it and how often. A kind of its own: a server that
 * does not know it skips it, and promises nothing.
 */
export interface IdempotentMessage extends Invocation {
  readonly kind: 'idempotent';
  readonly idempotencyKey: string;
}

/** How a run ended that is kept: with a value, or with an error that a second run would not mend. */
export type KeptEnd =
  | { readonly status: 'OK'; readonly payload: Buffer | null }
  | { readonly status: RpcStatus; readonly message: string; readonly details: Buffer };

/** What a run with an idempotency key came to. A server writes it for the servers behind it. */
export interface ResultMessage {
  readonly kind: 'result';
  /** The server's own count. */
  readonly seq: number;
  /** SHA-256 of the idempotency key. */
  readonly keyDigest: Buffer;
  /** SHA-256 of what was asked (`requestDigest`). */
  readonly requestDigest: Buffer;
  /** On the broker's clock, in milliseconds since the epoch. */
  readonly doneAtMs: number;
  readonly pattern: string;
  /** The call that was run: its sender and the sender's count. */
  readonly caller: Buffer;
  readonly callSeq: number;
  readonly end: KeptEnd;
}

/** Who sent a message, under which number, and where it was appended. */
export interface MessageOrigin {
  readonly sender: Buffer;
  readonly seq: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** The broker's append time, in milliseconds since the epoch. */
  readonly timestampMs: number;
}

/** What a run of a handler failed with, as its caller would be told. */
export interface FailedRun {
  readonly status: RpcStatus;
  readonly message: string;
  /** On the broker's clock, in milliseconds since the epoch. */
  readonly atMs: number;
}

/** Which execution of the call a reply belongs to: two executions of one call never mix. */
interface Reply {
  readonly seq: number;
  /** The server's own count of executions. */
  readonly run: number;
}

/** One value of a stream, not the last. */
export interface NextMessage extends Reply {
  readonly kind: 'next';
  /** 0 for the first value. */
  readonly index: number;
  readonly payload: Buffer;
}

/** When the server had the call in its hands, on its estimate of the broker's clock. */
export interface ServerTimes {
  readonly receivedAtMs: number;
  readonly repliedAtMs: number;
}

/** The end of a call that went well; carries the only or last value, if there is one. */
export interface CompleteMessage extends Reply, ServerTimes {
  readonly kind: 'complete';
  /** How many `next` messages went before. */
  readonly index: number;
  readonly payload: Buffer | null;
}

/** The end of a call that failed. */
export interface ErrorMessage extends Reply, ServerTimes {
  readonly kind: 'error';
  readonly status: RpcStatus;
  readonly retryable: boolean;
  readonly message: string;
  /** Serialized; empty when there are none. */
  readonly details: Buffer;
}

/** Headers that a handler set, in front of a value or of the end. Only for a client that says that it knows them. */
export interface HeadersMessage extends Reply {
  readonly kind: 'headers';
  readonly headers: Readonly<Record<string, string>>;
}

/** How far a call has come. Only for a client that says that it knows it. */
export interface ProgressMessage extends Reply {
  readonly kind: 'progress';
  /** 0 for the first of the execution. */
  readonly index: number;
  readonly payload: Buffer;
}

/** The caller no longer waits. */
export interface CancelMessage {
  readonly kind: 'cancel';
  readonly seq: number;
}

/** The caller takes so many more values of a stream. */
export interface CreditMessage {
  readonly kind: 'credit';
  readonly seq: number;
  readonly count: number;
  /** Of so many bytes in all; none are counted without it. */
  readonly bytes?: number;
}

/** Asks every server that reads the control topic to say what it is and how it does. */
export interface PingMessage {
  readonly kind: 'ping';
  readonly seq: number;
  /** A number of `ASKS`. A server that does not know it answers as to `state`. */
  readonly asks: number;
  /** The only server that is to answer; `null` for all. */
  readonly server: Buffer | null;
}

/** The answer to a ping. */
export interface PongMessage extends ServerTimes {
  readonly kind: 'pong';
  readonly seq: number;
  /** JSON, whatever the serializer (`pong.ts`). */
  readonly payload: Buffer;
}

/** The numbers of the kinds on the wire. */
export const MESSAGE_KINDS: Readonly<Record<Message['kind'], number>> = {
  request: 1,
  event: 2,
  next: 3,
  complete: 4,
  error: 5,
  cancel: 6,
  credit: 7,
  ping: 8,
  pong: 9,
  deferred: 10,
  idempotent: 11,
  result: 12,
  headers: 13,
  progress: 14,
};
