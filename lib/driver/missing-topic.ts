import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

/** The error of what needs a topic that is not there. */
export const missingTopic = (topic: string): RpcError =>
  new RpcError(
    RpcStatus.FAILED_PRECONDITION,
    `Topic ${topic} does not exist: create it, or let createTopics be true.`,
  );

/** The error of what needs a topic that was deleted, until this side has created it again. */
export const deletedTopic = (topic: string): RpcError =>
  new RpcError(
    RpcStatus.UNAVAILABLE,
    `Topic ${topic} was deleted: it is created again within seconds, as createTopics is true.`,
  );
