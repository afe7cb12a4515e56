import { RpcError } from '../errors/rpc-error.js';
import { decodeFrameList } from '../protocol/frame-list.js';
import type {
  DeferredMessage,
  EventMessage,
  IdempotentMessage,
  RequestMessage,
} from '../protocol/message.js';
import { keyBytes } from './kafka-rpc-record.js';
import type { PendingCall } from './pending-call.js';
import type { ServiceRoute } from './service-route.js';

/** What clients send to servers to be run. */
export type SentMessage = RequestMessage | EventMessage | DeferredMessage | IdempotentMessage;

/**
 * The topic was made anew with fewer partitions: the request is not in it, and has a place among those.
 * @param frame the request as it was to be written: nothing else of it is kept
 * @returns whether it is on its way again, or over
 */
export const moveRequest = (
  call: PendingCall,
  frame: Buffer,
  route: Pick<ServiceRoute, 'choose' | 'release'>,
  send: (message: SentMessage) => void,
): boolean => {
  const [message] = decodeFrameList(frame, () => undefined) as SentMessage[];
  if (message === undefined) return false;
  route.release(call.destination);
  call.destination = route.choose(placeKey(message));
  try {
    send(message);
  } catch (error) {
    call.refuse(RpcError.from(error));
  }
  return true;
};

/** What a message finds its partition by. */
const placeKey = (message: SentMessage): Buffer | null =>
  message.kind === 'idempotent' ? (message.key ?? keyBytes(message.idempotencyKey)) : message.key;
