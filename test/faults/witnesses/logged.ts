import { msgpack } from 'nestjs-kafka-rpc';
import { formatCallId } from '../../../lib/protocol/instance-id.js';
import type { LoggedMessage } from '../../support/record-log.js';
import type { CallData } from '../actors/lines.js';
import type { LoggedEnd, LoggedRequest } from './evidence.js';

const serializer = msgpack();

/** What stands in a request topic. @param epochMs from the broker's clock to `machineMs` */
export const requestsOf = (
  log: readonly LoggedMessage[],
  epochMs: number,
): { readonly requests: LoggedRequest[]; readonly cancels: LoggedEnd[] } => {
  const requests: LoggedRequest[] = [];
  const cancels: LoggedEnd[] = [];
  for (const { message, envelope, partition, offset, appendedAtMs: epoch } of log) {
    const appendedAtMs = epoch - epochMs;
    if (message.kind === 'cancel')
      cancels.push({ callId: formatCallId(envelope.sender, message.seq), appendedAtMs });
    if (message.kind !== 'request' && message.kind !== 'event') continue;
    requests.push({
      nonce: (serializer.deserialize(message.payload) as CallData).nonce,
      callId: formatCallId(envelope.sender, message.seq),
      isEvent: message.kind === 'event',
      partition,
      offset: Number(offset),
      appendedAtMs,
      ttlMs: message.ttlMs,
    });
  }
  return { requests, cancels };
};

/** Ends of calls in a reply topic. */
export const endsOf = (log: readonly LoggedMessage[], epochMs: number): LoggedEnd[] =>
  log.flatMap(({ message, envelope, appendedAtMs }) => {
    const isEnd = message.kind === 'complete' || message.kind === 'error';
    if (!isEnd || envelope.direction !== 'reply') return [];
    return [{ callId: formatCallId(envelope.recipient, message.seq), appendedAtMs: appendedAtMs - epochMs }];
  });
