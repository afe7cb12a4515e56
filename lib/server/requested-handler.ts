import type { MessageHandler } from '@nestjs/microservices';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { Serializer } from '../wire/serializer.js';
import type { IncomingCall } from './incoming-call.js';

/** The handler that a call asks for. @throws RpcError `UNIMPLEMENTED` */
export const handlerOf = (
  call: IncomingCall,
  handlers: { find(pattern: string): MessageHandler | undefined },
): MessageHandler => {
  const { message } = call;
  const handler = handlers.find(message.pattern);
  if (handler === undefined) throw noHandler(message.pattern, call);
  if (handler.isEventHandler && message.kind === 'request') throw eventOnly(message.pattern);
  return handler;
};

/** What it brings for its handler. @throws RpcError `INVALID_ARGUMENT` */
export const dataOf = (call: IncomingCall, serializer: Serializer): unknown => {
  const { message } = call;
  const contentType = call.history?.contentType || call.origin.envelope.contentType;
  if (contentType !== serializer.contentType) {
    const reason = `it is ${contentType}, this server reads ${serializer.contentType}.`;
    throw unreadable(message.pattern, reason);
  }
  try {
    return serializer.deserialize(message.payload);
  } catch (error) {
    throw unreadable(message.pattern, RpcError.from(error).message);
  }
};

const unreadable = (pattern: string, reason: string): RpcError =>
  new RpcError(RpcStatus.INVALID_ARGUMENT, `The data of "${pattern}" cannot be read: ${reason}`);

const noHandler = (pattern: string, call: IncomingCall): RpcError =>
  new RpcError(
    RpcStatus.UNIMPLEMENTED,
    `No handler for ${JSON.stringify(pattern)} on topic ${call.origin.record.topic}: is there a @MessagePattern for it?`,
  );

const eventOnly = (pattern: string): RpcError =>
  new RpcError(
    RpcStatus.UNIMPLEMENTED,
    `${JSON.stringify(pattern)} is an @EventPattern, which gives no answer: use emit(), not send().`,
  );
