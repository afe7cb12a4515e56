import { AsyncResource } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import type { DriverEvent, DriverLog } from '../driver/driver.js';
import { Counters } from '../diagnostics/counters.js';
import { guardedLog } from '../diagnostics/log.js';
import { RateLimitedLog } from '../diagnostics/rate-limited-log.js';
import { reportedUserCode, type UserCode } from '../diagnostics/user-code.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import type { ReplyEnvelope, RequestEnvelope } from '../protocol/envelope.js';
import { newInstanceId } from '../protocol/instance-id.js';
import { encodeNotes, NOTES_HEADER } from '../protocol/reply-notes.js';
import { encodeSigns, SIGNS_HEADER } from '../protocol/signs-of-life.js';
import { CREDIT_HEADER, encodeCredit } from '../protocol/stream-credit.js';
import { BrokerClock } from '../wire/broker-clock.js';
import { probeClock } from '../wire/clock-probe.js';
import { Codec } from '../wire/codec.js';
import { Outbox } from '../wire/outbox.js';
import { Receiver } from '../wire/receiver.js';
import { replyTopicSpec, requestTopicSpec } from '../wire/wire-options.js';
import { waitAtMost } from '../wire/wait-at-most.js';
import { OpenAsks } from './asks/open-asks.js';
import { AnsweredCalls } from './answered-calls.js';
import type { Caller } from './caller.js';
import type { ResolvedConnectionOptions } from './client-options.js';
import { FollowedTopics } from './followed-topics.js';
import { HeardRefusals } from './heard-refusals.js';
import type { OpenConnection } from './open-connection.js';
import { PendingCalls } from './pending-calls.js';
import { ReplyInbox } from './reply-inbox.js';
import { ReplyReader } from './reply-reader.js';
import { ServiceRoute } from './service-route.js';
import { FIRST_WINDOW } from './stream-window.js';
import { SignsOfLife } from './signs-of-life.js';

/** How long `close()` waits for messages that are on their way out. */
const DRAIN_MS = 1_500;

/** How long `close()` waits for an attempt to connect to end. */
const END_OF_CONNECT_MS = 1_000;

/**
 * One producer and one reply reader, shared by all clients of a registration.
 *
 * Its 128-bit id is random, so replies to another process, or to an earlier one, are never taken for ours. The place in
 * the reply partition is known before the first call leaves.
 */
export class ClientConnection {
  readonly counters = new Counters();
  readonly clock = new BrokerClock();
  readonly calls: PendingCalls;
  readonly asks = new OpenAsks();
  private readonly answered: AnsweredCalls;
  private readonly signs: SignsOfLife;
  readonly codec: Codec;
  readonly id = newInstanceId();
  readonly refusals: HeardRefusals;
  readonly userCode: UserCode;
  private readonly callers = new Set<Caller>();
  private readonly context = new AsyncResource('KafkaRpcConnection');
  private opening: Promise<OpenConnection> | undefined;
  /** Ends what is opening; undefined when nothing is. */
  private openingEnd: AbortController | undefined;
  private lastEvent: DriverEvent | undefined;
  private current: OpenConnection | undefined;
  private lastSeq = 0;
  private readonly topics: FollowedTopics;

  constructor(
    readonly options: ResolvedConnectionOptions,
    private readonly log: DriverLog = guardedLog(new Logger('KafkaRpcClient')),
  ) {
    this.userCode = reportedUserCode(this.counters, log);
    const { signOfLifeMs } = options;
    const notes = { name: NOTES_HEADER, value: encodeNotes() };
    const signs = { name: SIGNS_HEADER, value: encodeSigns(signOfLifeMs) };
    const credit = { name: CREDIT_HEADER, value: encodeCredit(FIRST_WINDOW) };
    const announced = signOfLifeMs === 0 ? [notes, credit] : [notes, credit, signs];
    this.codec = new Codec(options.serializer, options.interceptors, options.stageTimeoutMs, announced);
    this.calls = new PendingCalls(
      options.maxOpenCalls,
      () => this.counters.add('deadlinesExceeded'),
      () => this.signs.begin(),
    );
    this.signs = new SignsOfLife({
      everyMs: signOfLifeMs,
      calls: this.calls,
      lastSeq: () => this.lastSeq,
      outbox: () => this.current?.outbox,
    });
    this.answered = new AnsweredCalls(this.counters, (line) => log.warn(line));
    this.topics = new FollowedTopics({
      calls: this.calls,
      onEvent: (event) => this.onEvent(event),
      envelope: (open) => this.envelope(open),
      isCurrent: (open) => this.isCurrent(open),
    });
    this.refusals = new HeardRefusals({
      calls: this.calls,
      counters: this.counters,
      log: new RateLimitedLog((line) => log.warn(line)),
      stages: this.codec.stages,
      lastSeq: () => this.lastSeq,
    });
  }

  /** Connects if it is not. A failure is not kept: the next call tries afresh. */
  open(caller: Caller): Promise<OpenConnection> {
    this.join(caller);
    if (this.opening !== undefined) return this.opening;
    // Not in the async context of whoever calls first: sockets would keep it, and listeners run in it.
    const opening = this.context
      .runInAsyncScope(() => this.connect())
      .catch((error: unknown) => {
        // Not a newer attempt: the client may have been closed and used again meanwhile.
        if (this.opening === opening) this.opening = undefined;
        throw RpcError.from(error);
      });
    this.opening = opening;
    return opening;
  }

  /** The way to a service; its request topic is created or checked the first time. */
  route(service: string, open: OpenConnection): Promise<ServiceRoute> {
    const { routes } = open;
    const topic = this.options.topics.requests(service);
    const known = routes.get(topic);
    if (known !== undefined) return known;
    const route = this.openRoute(topic, open).catch((error: unknown) => {
      routes.delete(topic);
      throw RpcError.from(error);
    });
    routes.set(topic, route);
    return route;
  }

  /** Whether it was not closed. */
  isCurrent(open: OpenConnection): boolean {
    return this.current === open;
  }

  /** The services that clients of this connection call, in their order. */
  get services(): readonly string[] {
    return [...new Set([...this.callers].map(({ service }) => service.service))];
  }

  warn(line: string): void {
    this.log.warn(line);
  }

  /** The number of the call that was made last. */
  get lastCallSeq(): number {
    return this.lastSeq;
  }

  nextSeq(): number {
    this.lastSeq += 1;
    return this.lastSeq;
  }

  /** Takes one client off; the last one closes the connection, when what it sent has left. */
  async release(caller: Caller): Promise<void> {
    this.callers.delete(caller);
    const { opening } = this;
    if (this.callers.size > 0 || opening === undefined) return;
    this.opening = undefined;
    this.current = undefined;
    this.openingEnd?.abort();
    this.asks.failAll(clientClosed());
    this.lastEvent = undefined;
    let isOpened = false;
    const closing = opening.then(
      (open) => {
        isOpened = true;
        return this.shut(open);
      },
      () => undefined,
    );
    // A driver that does not end its attempt is not waited for: its connection is closed when it comes.
    await waitAtMost(
      opening.catch(() => undefined),
      END_OF_CONNECT_MS,
    );
    if (isOpened) await closing;
    else closing.catch(() => undefined);
  }

  private async shut({ outbox, driver }: OpenConnection): Promise<void> {
    this.refusals.close();
    this.signs.close();
    await waitAtMost(outbox.idle(), DRAIN_MS);
    await driver.close();
  }

  /** A client that comes later is told how things stand. */
  private join(caller: Caller): void {
    if (this.callers.has(caller)) return;
    this.callers.add(caller);
    if (this.lastEvent !== undefined) caller.onEvent(this.lastEvent);
  }

  private onEvent(event: DriverEvent): void {
    if (event.type === 'throttled') return this.counters.add('throttles');
    if (event.type === 'partitions-changed') this.topics.follow(this.current, event);
    else if (event.type === 'position-lost') this.refusals.onRepliesLost(event);
    else {
      this.lastEvent = event;
      this.refusals.onState(event);
    }
    for (const caller of this.callers) caller.onEvent(event);
  }

  private async connect(): Promise<OpenConnection> {
    const end = new AbortController();
    this.openingEnd = end;
    try {
      const open = await this.connectUntil(end.signal);
      if (!end.signal.aborted) this.current = open;
      return open;
    } finally {
      if (this.openingEnd === end) this.openingEnd = undefined;
    }
  }

  private async connectUntil(signal: AbortSignal): Promise<OpenConnection> {
    const { options } = this;
    const { clientId } = options;
    const onEvent = (event: DriverEvent): void => this.onEvent(event);
    const driver = await options.driver.connect({ clientId, log: this.log, onEvent, signal });
    try {
      await this.codec.open();
      await driver.ensureTopics([replyTopicSpec(options)], { create: options.createTopics });
      const receiver = this.replyReceiver();
      const replies = await ReplyReader.open(driver, options.topics.replies, (record) =>
        receiver.receive(record),
      );
      const outbox = new Outbox(driver, this.codec, this.clock, {
        ...options,
        onThrottled: () => this.counters.add('throttles'),
      });
      return { driver, replies, outbox, routes: new Map(), openRoutes: new Map() };
    } catch (error) {
      await driver.close();
      throw error;
    }
  }

  private replyReceiver(): Receiver<ReplyEnvelope> {
    const inbox = new ReplyInbox({
      clientId: this.id,
      contentType: this.codec.serializer.contentType,
      calls: this.calls,
      asks: this.asks,
      answered: this.answered,
      counters: this.counters,
      refusals: this.refusals,
    });
    return new Receiver<ReplyEnvelope>(this.codec, this.counters, inbox);
  }

  private async openRoute(topic: string, open: OpenConnection): Promise<ServiceRoute> {
    const { driver, outbox } = open;
    await driver.ensureTopics([requestTopicSpec(topic, this.options)], { create: this.options.createTopics });
    const partitions = await driver.partitionCount(topic);
    const route = new ServiceRoute(topic, partitions, this.envelope(open), outbox);
    open.openRoutes.set(topic, route);
    // Servers hold authenticated calls to their age, so their age must be right from the first call on.
    if (this.codec.authenticates && !this.clock.isKnown)
      await probeClock(driver, this.codec, this.clock, route.anywhere);
    return route;
  }

  /** What this client says of itself with each request. */
  envelope({ replies }: OpenConnection): RequestEnvelope {
    const { stages, serializer } = this.codec;
    const { contentType } = serializer;
    return { direction: 'request', sender: this.id, contentType, stages, replyTo: replies.address };
  }
}

/** The error of a call whose client was closed while the call was made: by its data, as that was serialized. */
export const closedMeanwhile = (): RpcError =>
  new RpcError(RpcStatus.CANCELLED, 'The client was closed while the call was made: it was not sent.');

/** The error of calls whose client was closed under them. */
export const clientClosed = (): RpcError =>
  new RpcError(RpcStatus.CANCELLED, 'The client was closed before the answer came: the call may have run.');
