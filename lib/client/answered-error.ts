import { fromCall, isPlainObject, RpcError } from '../errors/rpc-error.js';
import type { ErrorMessage } from '../protocol/message.js';
import type { Serializer } from '../wire/serializer.js';

/**
 * The error that a server answered with. Members of its details are members of it as well, where it has none of that name: callers
 * of Nest's own transports look for them there.
 */
export const answeredError = (answer: ErrorMessage, serializer: Serializer): RpcError => {
  const details = readDetails(answer.details, serializer);
  const { status, message, retryable } = answer;
  const error = fromCall(new RpcError(status, message, { retryable, details }), 'server');
  if (isPlainObject(details)) addMembers(error, details);
  return error;
};

const readDetails = (details: Buffer, serializer: Serializer): unknown => {
  if (details.length === 0) return undefined;
  try {
    return serializer.deserialize(details);
  } catch {
    // The error itself matters more than its details.
    return undefined;
  }
};

/** Not shown with the error: its details are. */
const addMembers = (error: RpcError, details: object): void => {
  for (const [name, value] of Object.entries(details)) {
    // What every object has stays what it is.
    if (!(name in error)) Object.defineProperty(error, name, { value, configurable: true, writable: true });
  }
};
