import { checkNames } from '../errors/option-checks.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';

/** How topics are named. Clients and servers that talk to each other must name them alike. */
export interface TopicOptions {
  /** Put before every name, for instance `staging.`. @default '' */
  readonly prefix?: string;
  /** The request topic of a service. @default service => `rpc.${service}.requests` */
  readonly requests?: (service: string) => string;
  /** The reply topic, one for all services. @default 'rpc.replies' */
  readonly replies?: string;
}

/** The names in use. */
export interface TopicNames {
  readonly requests: (service: string) => string;
  readonly replies: string;
}

const LEGAL_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/**
 * Fills in the defaults and checks what can be checked.
 * @throws RpcError `INVALID_ARGUMENT` for a name that Kafka does not allow.
 */
export const resolveTopicNames = (options: TopicOptions = {}): TopicNames => {
  checkNames('topics', options, ['prefix', 'requests', 'replies']);
  const prefix = options.prefix ?? '';
  const requests = options.requests ?? ((service: string) => `rpc.${service}.requests`);
  return Object.freeze({
    requests: (service: string) => legalTopicName(`${prefix}${requests(service)}`),
    replies: legalTopicName(`${prefix}${options.replies ?? 'rpc.replies'}`),
  });
};

/**
 * Kafka's own rule.
 * @see https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/internals/Topic.java
 */
const legalTopicName = (name: string): string => {
  if (LEGAL_NAME.test(name) && name !== '.' && name !== '..') return name;
  throw new RpcError(
    RpcStatus.INVALID_ARGUMENT,
    `Topic name ${JSON.stringify(name)} is not allowed: 1 to 249 characters out of a-z A-Z 0-9 . _ - are.`,
  );
};
