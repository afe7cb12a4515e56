import { checkNames, invalidOption } from '../errors/option-checks.js';

/** How topics are named. Clients and servers that talk to each other must name them alike. */
export interface TopicOptions {
  /** Put before every name, for instance `staging.`. @default '' */
  readonly prefix?: string;
  /** The request topic of a service. @default service => `rpc.${service}.requests` */
  readonly requests?: (service: string) => string;
  /** The reply topic, one for all services. @default 'rpc.replies' */
  readonly replies?: string;
  /** The dead-letter topic of a service. @default service => `rpc.${service}.dead-letters` */
  readonly deadLetters?: (service: string) => string;
}

/** The names in use. */
export interface TopicNames {
  readonly requests: (service: string) => string;
  readonly replies: string;
  readonly deadLetters: (service: string) => string;
}

const LEGAL_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/**
 * Fills in the defaults and checks what can be checked.
 * @throws RpcError `INVALID_ARGUMENT` for a name that Kafka does not allow.
 */
export const resolveTopicNames = (options: TopicOptions = {}): TopicNames => {
  if (typeof options !== 'object' || options === null) throw invalidOption('topics', options, 'an object');
  checkNames('topics', options, ['prefix', 'requests', 'replies', 'deadLetters']);
  const prefix = checkPrefix(options.prefix ?? '');
  const requests = options.requests ?? ((service: string) => `rpc.${service}.requests`);
  if (typeof requests !== 'function')
    throw invalidOption('topics.requests', requests, 'a function of the service');
  const deadLetters = options.deadLetters ?? ((service: string) => `rpc.${service}.dead-letters`);
  if (typeof deadLetters !== 'function')
    throw invalidOption('topics.deadLetters', deadLetters, 'a function of the service');
  const replies = options.replies ?? 'rpc.replies';
  return Object.freeze({
    requests: (service: string) => legalTopicName('topics.requests', prefix, requests(service)),
    replies: legalTopicName('topics.replies', prefix, replies),
    deadLetters: (service: string) => legalTopicName('topics.deadLetters', prefix, deadLetters(service)),
  });
};

const checkPrefix = (prefix: unknown): string => {
  if (typeof prefix === 'string') return prefix;
  throw invalidOption('topics.prefix', prefix, 'a string');
};

/**
 * Kafka's own rule.
 * @see https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/internals/Topic.java
 */
const legalTopicName = (option: string, prefix: string, name: unknown): string => {
  const whole = `${prefix}${String(name)}`;
  const isLegal = LEGAL_NAME.test(whole) && whole !== '.' && whole !== '..';
  if (isLegal && typeof name === 'string' && name !== '') return whole;
  throw invalidOption(
    option,
    name,
    'a name of 1 to 249 characters out of a-z A-Z 0-9 . _ -, prefix included',
  );
};
