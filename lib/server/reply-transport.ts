import type { Counters } from '../diagnostics/counters.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { Codec } from '../wire/codec.js';
import type { Outbox } from '../wire/outbox.js';
import type { IncomingCall } from './incoming-call.js';
import type { RequestClock } from './request-clock.js';
import type { StreamPolicies } from './streams/stream-policies.js';

/** What replies need on their way out. */
export interface ReplyTransport {
  readonly outbox: Outbox;
  readonly codec: Codec;
  readonly clock: RequestClock;
  readonly counters: Pick<Counters, 'add'>;
  /** What becomes of values that nobody takes. @default they wait, any number of them */
  readonly streams?: Pick<StreamPolicies, 'overflowOf' | 'waiting'>;
  /** Which handlers run again. @default none */
  readonly retries?: {
    /** @returns after which pause it runs again, in milliseconds; undefined when it does not */
    restMs(call: IncomingCall, error: RpcError): number | undefined;
  };
}
