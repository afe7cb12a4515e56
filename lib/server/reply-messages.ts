import type { CallStatus } from '../diagnostics/call-ended.js';
import { isReplyTooLarge, REPLY_TOO_LARGE } from '../errors/reply-too-large.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { CompleteMessage, ErrorMessage } from '../protocol/message.js';
import type { Codec } from '../wire/codec.js';
import type { Serializer } from '../wire/serializer.js';
import type { IncomingCall } from './incoming-call.js';
import type { RequestClock } from './request-clock.js';
import { serializeDetails } from './sendable-details.js';

/** The execution that answers. */
interface Answering {
  readonly call: IncomingCall;
  readonly run: number;
  readonly transport: {
    readonly clock: Pick<RequestClock, 'now'>;
    readonly codec: { readonly serializer: Serializer };
  };
}

const NO_DETAILS = Buffer.alloc(0);
const MAX_MESSAGE_CHARACTERS = 8_192;

/** @param index how many values have left before */
export const completeMessage = (
  { call, run, transport }: Answering,
  index: number,
  payload: Buffer | null,
): CompleteMessage => ({
  kind: 'complete',
  seq: call.message.seq,
  run,
  index,
  receivedAtMs: call.origin.receivedAtMs,
  repliedAtMs: transport.clock.now(),
  payload,
});

export const errorMessage = ({ call, run, transport }: Answering, error: RpcError): ErrorMessage => ({
  kind: 'error',
  seq: call.message.seq,
  run,
  status: error.status,
  retryable: error.retryable,
  receivedAtMs: call.origin.receivedAtMs,
  repliedAtMs: transport.clock.now(),
  message: String(error.message).slice(0, MAX_MESSAGE_CHARACTERS),
  details: serializeDetails(error.details, transport.codec.serializer),
});

/** In the place of what could not be sent; without details of the error, as those may be what is too large. */
export const errorInPlaceOf = (
  { kind }: { readonly kind: 'next' | 'complete' | 'error' },
  answering: Answering,
  error: RpcError,
): ErrorMessage => {
  const { serializer } = answering.transport.codec;
  const isTooLarge = kind !== 'error' && isReplyTooLarge(error);
  return {
    ...errorMessage(answering, error),
    details: isTooLarge ? serializeDetails(REPLY_TOO_LARGE, serializer) : NO_DETAILS,
  };
};

/** @throws RpcError `INTERNAL` for what cannot be sent. */
export const serializeResult = ({ call, transport }: Answering, value: unknown): Buffer => {
  try {
    return transport.codec.serializer.serialize(value);
  } catch (cause) {
    const { pattern } = call.message;
    const reason = RpcError.from(cause).message;
    throw new RpcError(RpcStatus.INTERNAL, `The result of "${pattern}" cannot be serialized: ${reason}`, {
      cause,
    });
  }
};

/** Whether there is nothing in it that could be left out. */
export const isBare = (end: CompleteMessage | ErrorMessage): boolean =>
  end.kind === 'error' && end.details.length === 0;

/** What the caller hears of how the call went. */
export const statusOf = (end: CompleteMessage | ErrorMessage | undefined): CallStatus =>
  end?.kind === 'error' ? end.status : 'OK';

/** A stage that cannot say it is asked for the careful answer. */
export const keepsApart = (codec: Codec, pattern: string): boolean => {
  try {
    return codec.keepsApart(pattern);
  } catch {
    return true;
  }
};
