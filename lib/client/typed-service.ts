import { fromEvent, lastValueFrom, map, Observable, takeUntil } from 'rxjs';
import { checkedValue } from '../contract/checked-value.js';
import { isContract, isMethodName } from '../contract/contract.js';
import { checkNames, invalidOption } from '../errors/option-checks.js';
import { RpcStatus } from '../errors/status.js';
import { checkSignal, splitOptions, type AwaitedCallOptions } from './awaited-call-options.js';
import { handlersOf, type HandlerFacts } from './controller-handlers.js';
import { KafkaRpcRecord } from './kafka-rpc-record.js';
import type { RpcReply } from './rpc-reply.js';
import { ServiceAnswer } from './service-answer.js';
import { cancelledBy } from './single-answer.js';

/** What typed calls are made with. */
export interface UntypedClient {
  send(pattern: unknown, data: unknown): Observable<unknown>;
  call(pattern: unknown, data: unknown, options?: AwaitedCallOptions): Promise<RpcReply<unknown>>;
  emit(pattern: unknown, data: unknown): Observable<unknown>;
}

/** Options of `service()` for an interface, of which nothing is left at run time. */
export interface ServiceClientOptions {
  /** What stands in front of a method's name in its pattern. @default the service's name and a dot: `sum.` */
  readonly prefix?: string;
}

type Method = (data?: unknown, options?: AwaitedCallOptions) => Observable<unknown>;

/**
 * @param of a contract, a controller's class, or options
 * @throws RpcError `INVALID_ARGUMENT` for a class without handlers, or an unknown option
 */
export const typedService = (client: UntypedClient, service: string, of: unknown): object => {
  if (isContract(of)) return methodsOf(client, Object.entries(of));
  if (typeof of === 'function') return methodsOf(client, handlersOf(of));
  const { prefix } = serviceOptions(of, service);
  return byName((name) => methodOf(client, { pattern: prefix + name }));
};

const serviceOptions = (given: unknown, service: string): Required<ServiceClientOptions> => {
  const options = (given ?? {}) as ServiceClientOptions;
  checkNames('service()', options, ['prefix']);
  const { prefix = `${service}.` } = options;
  if (typeof prefix !== 'string') throw invalidOption('prefix', prefix, 'a string');
  return { prefix };
};

const methodsOf = (client: UntypedClient, methods: readonly (readonly [string, HandlerFacts])[]): object =>
  Object.freeze(Object.fromEntries(methods.map(([name, method]) => [name, methodOf(client, method)])));

const byName = (method: (name: string) => Method): object => {
  const made = new Map<string, Method>();
  return new Proxy(Object.freeze({}), {
    get: (target, name) => {
      if (typeof name !== 'string' || !isMethodName(name)) return Reflect.get(target, name) as unknown;
      let known = made.get(name);
      if (known === undefined) made.set(name, (known = method(name)));
      return known;
    },
  });
};

const methodOf = (client: UntypedClient, method: HandlerFacts): Method => {
  const { pattern, kind } = method;
  const callee: Callee = { client, pattern, check: checkOf(method) };
  const read = readerOf(method);
  if (kind === 'event') return (data, options) => eventTo(callee, data, options);
  return (data, options) => {
    const values = valuesOf(callee, data, options).pipe(map(read));
    if (kind === 'stream') return values;
    return new ServiceAnswer(values, async () => {
      callee.check(data);
      const reply = await client.call(pattern, data, options);
      return { ...reply, value: read(reply.value) };
    });
  };
};

/** A handler, and the client that calls it. */
interface Callee {
  readonly client: UntypedClient;
  readonly pattern: unknown;
  readonly check: (data: unknown) => void;
}

/** It is sent as it was given: the server reads it by the schema, and would read what is read already. */
const checkOf = ({ pattern, input }: HandlerFacts): Callee['check'] => {
  const what = { what: `The data of ${shown(pattern)}`, status: RpcStatus.INVALID_ARGUMENT };
  return (data) => void (input !== undefined && checkedValue(input, data, what));
};

const readerOf = ({ pattern, output }: HandlerFacts): ((value: unknown) => unknown) => {
  const what = { what: `The answer of ${shown(pattern)}`, status: RpcStatus.INTERNAL };
  return output === undefined ? (value) => value : (value) => checkedValue(output, value, what);
};

const valuesOf = (
  { client, pattern, check }: Callee,
  data: unknown,
  options: AwaitedCallOptions = {},
): Observable<unknown> =>
  new Observable((subscriber) => {
    check(data);
    const { signal, callOptions } = splitOptions(options);
    const values = client.send(pattern, new KafkaRpcRecord(data, callOptions));
    return (signal === undefined ? values : untilAborted(values, signal)).subscribe(subscriber);
  });

const untilAborted = (values: Observable<unknown>, signal: AbortSignal): Observable<unknown> => {
  checkSignal(signal);
  const abort = (): never => {
    throw cancelledBy(signal);
  };
  if (signal.aborted) return abort();
  return values.pipe(takeUntil(fromEvent(signal, 'abort').pipe(map(abort))));
};

/** On its way at once, as that of `emit()`. */
const eventTo = (
  { client, pattern, check }: Callee,
  data: unknown,
  options: AwaitedCallOptions = {},
): Observable<unknown> => {
  check(data);
  const sent = client.emit(pattern, new KafkaRpcRecord(data, splitOptions(options).callOptions));
  return new ServiceAnswer(sent, async () => ({
    ...NOBODY_ANSWERS,
    value: await lastValueFrom(sent, { defaultValue: undefined }),
  }));
};

const NOBODY_ANSWERS = {
  serverId: '',
  attempt: 1,
  timings: { totalMs: 0, serverMs: 0, requestFlightMs: 0, replyFlightMs: 0 },
  headers: {},
};

/** Of an object pattern: its text. */
const shown = (pattern: unknown): string => JSON.stringify(pattern);
