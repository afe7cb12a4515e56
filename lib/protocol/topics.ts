import { checkFunction, checkNames, checkObject, invalidOption } from '../errors/option-checks.js';
import { namesOf, resolveOptions, type OptionCheck, type OptionTable } from '../errors/option-table.js';

/** Names of topics. They must be the same on both sides. */
export interface TopicOptions {
  /** A prefix for every name, for example `staging.`. @default '' */
  readonly prefix?: string;
  /** The request topic of a service. @default service => `rpc.${service}.requests` */
  readonly requests?: (service: string) => string;
  /** The reply topic, one for all services. @default 'rpc.replies' */
  readonly replies?: string;
  /** The dead-letter topic of a service. @default service => `rpc.${service}.dead-letters` */
  readonly deadLetters?: (service: string) => string;
  /** Where the servers of a service keep events that are to run later. @default service => `rpc.${service}.delays` */
  readonly delays?: (service: string) => string;
  /** Where the servers of a service keep results of calls with an idempotency key. @default service => `rpc.${service}.results` */
  readonly results?: (service: string) => string;
  /** Where clients ask the servers of a service how they do. @default service => `rpc.${service}.control` */
  readonly control?: (service: string) => string;
}

/** The names in use. */
export interface TopicNames {
  readonly requests: (service: string) => string;
  readonly replies: string;
  readonly deadLetters: (service: string) => string;
  readonly delays: (service: string) => string;
  readonly results: (service: string) => string;
  readonly control: (service: string) => string;
  /** The group of the servers, where they name none of their own. */
  readonly group: (service: string) => string;
}

const LEGAL_NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/**
 * Fills in the defaults and checks what can be checked.
 * @throws RpcError `INVALID_ARGUMENT` for a name that Kafka does not allow.
 */
export const resolveTopicNames = (options: TopicOptions = {}): TopicNames => {
  checkNames('topics', checkObject('topics', options), namesOf(TOPIC_OPTIONS));
  const { prefix, requests, replies, deadLetters, delays, results, control } = resolveOptions(
    TOPIC_OPTIONS,
    options,
    'topics.',
  );
  return Object.freeze({
    requests: (service: string) => legalTopicName('topics.requests', prefix, named(requests, service)),
    replies: legalTopicName('topics.replies', prefix, replies),
    deadLetters: (service: string) =>
      legalTopicName('topics.deadLetters', prefix, named(deadLetters, service)),
    delays: (service: string) => legalTopicName('topics.delays', prefix, named(delays, service)),
    results: (service: string) => legalTopicName('topics.results', prefix, named(results, service)),
    control: (service: string) => legalTopicName('topics.control', prefix, named(control, service)),
    // Environments that have topics of their own have groups of their own: their deploys do not disturb each other.
    group: (service: string) => `${prefix}rpc.${service}`,
  });
};

/**
 * Requests must be no replies: a server would answer answers.
 * @throws RpcError `INVALID_ARGUMENT` when the reply topic is the request topic of one of the services.
 */
export const checkRequestsApart = (topics: TopicNames, services: readonly string[]): void => {
  const service = services.find((each) => topics.requests(each) === topics.replies);
  if (service === undefined) return;
  throw invalidOption('topics.replies', topics.replies, `another topic than the requests of "${service}"`);
};

/**
 * Dead letters must be nothing that is read as something else: a refused record would be refused again, for ever.
 * @throws RpcError `INVALID_ARGUMENT` when a dead-letter topic is the request topic of any of the services, or the reply topic.
 */
export const checkDeadLettersApart = (topics: TopicNames, services: readonly string[]): void => {
  const taken = [topics.replies, ...services.map(topics.requests)];
  const wrong = services.map(topics.deadLetters).find((topic) => taken.includes(topic));
  if (wrong === undefined) return;
  throw invalidOption('topics.deadLetters', wrong, 'a topic that has neither requests nor replies');
};

/**
 * What waits for its time must be read as that alone.
 * @throws RpcError `INVALID_ARGUMENT` when a delay topic is any other topic of the services.
 */
export const checkDelaysApart = (topics: TopicNames, services: readonly string[]): void => {
  const taken = [
    topics.replies,
    ...services.flatMap((each) => [topics.requests(each), topics.deadLetters(each)]),
  ];
  const delays = services.map(topics.delays);
  const wrong = delays.find((topic, index) => taken.includes(topic) || delays.indexOf(topic) !== index);
  if (wrong === undefined) return;
  throw invalidOption('topics.delays', wrong, 'a topic of its own for each service');
};

/**
 * Results must be read as those alone.
 * @throws RpcError `INVALID_ARGUMENT` when a result topic is any other topic of the services.
 */
export const checkResultsApart = (topics: TopicNames, services: readonly string[]): void => {
  const taken = [
    topics.replies,
    ...services.flatMap((each) => [topics.requests(each), topics.deadLetters(each), topics.delays(each)]),
  ];
  const results = services.map(topics.results);
  const wrong = results.find((topic, index) => taken.includes(topic) || results.indexOf(topic) !== index);
  if (wrong === undefined) return;
  throw invalidOption('topics.results', wrong, 'a topic of its own for each service');
};

/**
 * What is asked must be read as that alone.
 * @throws RpcError `INVALID_ARGUMENT` when a control topic is any other topic of the services.
 */
export const checkControlApart = (topics: TopicNames, services: readonly string[]): void => {
  const others = [topics.requests, topics.deadLetters, topics.delays, topics.results];
  const taken = [topics.replies, ...services.flatMap((each) => others.map((nameOfEach) => nameOfEach(each)))];
  const control = services.map(topics.control);
  const wrong = control.find((topic, index) => taken.includes(topic) || control.indexOf(topic) !== index);
  if (wrong === undefined) return;
  throw invalidOption('topics.control', wrong, 'a topic of its own for each service');
};

type NameOf = (service: string) => string;

/** What the function gives; what it throws becomes the name that Kafka does not allow. */
const named = (nameOf: NameOf, service: string): unknown => {
  try {
    return nameOf(service);
  } catch {
    return undefined;
  }
};

const nameOf =
  (fallback: NameOf): OptionCheck<NameOf> =>
  (given, name) =>
    checkFunction<NameOf>(name, given ?? fallback, 'of the service');

/** The check of each option, with its default. */
const TOPIC_OPTIONS = {
  prefix: (given, name) => checkPrefix(name, given ?? ''),
  requests: nameOf((service) => `rpc.${service}.requests`),
  replies: (given) => given ?? 'rpc.replies',
  deadLetters: nameOf((service) => `rpc.${service}.dead-letters`),
  delays: nameOf((service) => `rpc.${service}.delays`),
  results: nameOf((service) => `rpc.${service}.results`),
  control: nameOf((service) => `rpc.${service}.control`),
} satisfies OptionTable<TopicOptions>;

const checkPrefix = (option: string, prefix: unknown): string => {
  if (typeof prefix === 'string') return prefix;
  throw invalidOption(option, prefix, 'a string');
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
