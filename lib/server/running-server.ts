import { Counters } from '../diagnostics/counters.js';
import type { RefusedRecord } from '../diagnostics/channels.js';
import type { Log } from '../diagnostics/log.js';
import type { DriverConnection } from '../driver/driver.js';
import type { TopicPartition } from '../driver/record.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { RequestEnvelope } from '../protocol/envelope.js';
import { formatInstanceId } from '../protocol/instance-id.js';
import { BrokerClock } from '../wire/broker-clock.js';
import { Codec } from '../wire/codec.js';
import { Outbox } from '../wire/outbox.js';
import { Receiver } from '../wire/receiver.js';
import { replyTopicSpec, requestTopicSpec } from '../wire/wire-options.js';
import { waitAtMost } from '../wire/wait-at-most.js';
import { BrokerTimes } from './broker-times.js';
import { Callers, replyDestination } from './caller.js';
import { openDeadLetterTopics, type DeadLetterTopics } from './dead-letters/dead-letter-topics.js';
import { DuplicateWindow } from './duplicates/duplicate-window.js';
import { Dispatcher, type Handlers } from './dispatcher.js';
import { endOfLog } from './end-of-log.js';
import { GroupConsumer, type GroupConsumerParts } from './group-consumer.js';
import type { IncomingCall } from './incoming-call.js';
import { LogEndWatch } from './log-end-watch.js';
import { GroupWatch } from './group-watch.js';
import { PartitionMoves } from './partition-moves.js';
import { ReplayGuard } from './replay-guard.js';
import { RefusedRequests } from './refusals/refused-requests.js';
import { RequestClock } from './request-clock.js';
import { RequestGate } from './request-gate.js';
import { RequestIntake, type IntakeParts } from './request-intake.js';
import type { RequestRecord } from './request-record.js';
import { openDelayTopics, type DelayTopics } from './retries/delay-topics.js';
import { LaterWork, type LaterWorkHooks } from './retries/later-work.js';
import { ReplyTopic } from './reply-topic.js';
import { encodeServedHandlers, servedHandlers } from './served-handlers.js';
import type { ResolvedServerOptions } from './server-options.js';
import { SilentClients } from './silent-clients.js';

import { WorkQueue } from './work-queue.js';

/** What a running server tells the strategy object. */
export interface ServerHooks extends LaterWorkHooks {
  readonly handlers: Handlers;
  readonly onRefused: (refused: RefusedRecord) => void;
  readonly onDeadLetterLost: (error: RpcError) => void;
  readonly onCommitError: (error: unknown) => void;
  readonly log: Log;
  /** The patterns that have a handler. */
  readonly patterns: () => readonly string[];
}

interface ServerParts {
  readonly id: Buffer;
  readonly codec: Codec;
  readonly clock: BrokerClock;
  readonly times: BrokerTimes;
  readonly counters: Counters;
  readonly replyPartitions: number;
  readonly deadLetterTopics: DeadLetterTopics;
  readonly delayTopics: DelayTopics;
}

/**
 * A server from `listen()` to `close()`, wired together:
 *
 *     consumer → receiver → intake → work queue → dispatcher → reply stream → outbox
 *        ↑ finished, commit                                          ↓ acknowledged
 */
export class RunningServer {
  private readonly consumers: readonly GroupConsumer[];
  private readonly queue: WorkQueue<IncomingCall>;
  private readonly outbox: Outbox;
  private readonly logEnds: LogEndWatch;
  private readonly callers: Callers;
  private readonly silentClients: SilentClients;
  private readonly refused: RefusedRequests;
  private readonly gate: RequestGate;
  private readonly later: LaterWork;
  /** Of calls that were had. */
  private readonly memory: Pick<IntakeParts, 'replays' | 'duplicates'>;
  private isClosing = false;

  private constructor(
    readonly driver: DriverConnection,
    private readonly options: ResolvedServerOptions,
    private readonly hooks: ServerHooks,
    parts: ServerParts,
  ) {
    const { codec, counters } = parts;
    this.memory = codec.authenticates ? { replays: new ReplayGuard(counters) } : windowOf(options);
    const onThrottled = (): void => counters.add('throttles');
    this.outbox = new Outbox(driver, codec, parts.clock, { ...options, onThrottled });
    this.logEnds = new LogEndWatch((partition) => endOfLog(driver, partition), parts.clock);
    const clock = this.requestClock(parts);
    this.callers = new Callers(parts.id, codec);
    this.silentClients = this.watchOfClients(clock, counters);
    const deadLetterTopics = parts.deadLetterTopics.refused;
    this.refused = new RefusedRequests({ ...parts, deadLetterTopics, driver, options, hooks });
    this.queue = new WorkQueue<IncomingCall>({
      concurrency: options.concurrency,
      maxAbandoned: options.maxAbandonedHandlers,
      start: (call) => dispatcher.dispatch(call),
      onLess: () => this.gate.letIn(),
    });
    this.gate = this.requestGate((record) => receiver.receive(record));
    this.later = this.laterWork(parts, clock, (call) => dispatcher.take(call));
    const transport = { outbox: this.outbox, codec, clock, counters, retries: this.later.retries };
    const dispatcher = new Dispatcher(hooks.handlers, transport, counters, this.queue);
    const intake = new RequestIntake({
      callers: this.callers,
      clock,
      counters,
      replyTopic: replyTopicOf(driver, options.topics.replies, parts.replyPartitions),
      ...this.memory,
      gate: this.gate,
      delayed: this.later.delayed,
      onCall: (call) => dispatcher.take(call),
      onRefused: (request, finish) => this.refused.add(request, finish),
    });
    const receiver = new Receiver<RequestEnvelope, RequestRecord>(codec, counters, intake);
    this.consumers = this.groupConsumers(parts, (partition) => receiver.forget(partition));
  }

  /** Prepares stages and topics, learns the time, joins the groups. Closes the connection when that fails. */
  static async start(
    driver: DriverConnection,
    options: ResolvedServerOptions,
    hooks: ServerHooks,
    parts: { readonly id: Buffer; readonly counters: Counters },
  ): Promise<RunningServer> {
    try {
      const codec = new Codec(options.serializer, options.interceptors, options.stageTimeoutMs);
      await codec.open();
      const topics = options.services.map((service) =>
        requestTopicSpec(options.topics.requests(service), options),
      );
      await driver.ensureTopics([replyTopicSpec(options), ...topics], { create: options.createTopics });
      const replyPartitions = await driver.partitionCount(options.topics.replies);
      const deadLetterTopics = await openDeadLetterTopics(driver, options);
      const delayTopics = await openDelayTopics(driver, options, hooks.policies.needsDelays);
      const clock = new BrokerClock();
      const destinations = Array.from({ length: replyPartitions }, (_, partition) =>
        replyDestination(parts.id, parts.id, { topic: options.topics.replies, partition }, codec),
      );
      const times = new BrokerTimes({ connection: driver, codec, clock, destinations });
      await times.learn();
      const learned = { codec, clock, times, replyPartitions, deadLetterTopics, delayTopics };
      const server = new RunningServer(driver, options, hooks, { ...parts, ...learned });
      await Promise.all(server.consumers.map((consumer) => consumer.join(driver)));
      return server;
    } catch (error) {
      await driver.close();
      throw error;
    }
  }

  /** Calls in hand, running or not. */
  get callsInHand(): number {
    return this.queue.length;
  }

  /** Handlers that run though nobody waits for them any more. */
  get abandonedHandlers(): number {
    return this.queue.abandonedCount;
  }

  /**
   * Stops reading, lets running handlers and their replies finish within `gracePeriodMs`, commits, leaves. What was not
   * started is left for the other servers.
   */
  async close(): Promise<void> {
    const { gracePeriodMs } = this.options;
    const startedAt = performance.now();
    this.isClosing = true;
    for (const consumer of this.consumers) consumer.pause();
    this.gate.close();
    this.later.stop();
    const work = this.queue.stop().then(() => this.whatIsWritten());
    await waitAtMost(work, gracePeriodMs);
    this.later.close();
    for (const call of this.callers.openCalls()) call.stop('closing');
    this.refused.close();
    this.logEnds.close();
    this.silentClients.close();
    const timeLeftMs = Math.max(0, gracePeriodMs - (performance.now() - startedAt));
    await Promise.all(this.consumers.map((consumer) => consumer.close(timeLeftMs)));
    await this.driver.close();
  }

  /** Resolves when nothing is on its way to the broker. */
  private async whatIsWritten(): Promise<void> {
    await Promise.all([this.outbox.idle(), this.refused.idle(), this.later.idle()]);
  }

  private laterWork(parts: ServerParts, clock: RequestClock, start: (call: IncomingCall) => void): LaterWork {
    const { driver, options, hooks, gate } = this;
    return new LaterWork({ ...parts, driver, options, hooks, brokerClock: parts.clock, clock, gate, start });
  }

  private watchOfClients(clock: RequestClock, counters: Counters): SilentClients {
    const { driver, outbox, options } = this;
    return new SilentClients({
      silenceMs: options.clientSilenceMs,
      callers: () => this.callers.all(),
      endOf: (partition) => endOfLog(driver, partition),
      outbox,
      clock,
      counters,
    });
  }

  private requestClock({ clock, times }: ServerParts): RequestClock {
    const leaderOf = (partition: TopicPartition): number | undefined => this.driver.leaderOf(partition);
    return new RequestClock(clock, { leaderOf, times, ends: this.logEnds });
  }

  private requestGate(open: (record: RequestRecord) => void): RequestGate {
    const { maxQueued, maxQueuedRequestBytes, maxRecordBytes } = this.options;
    return new RequestGate({
      maxCalls: maxQueued,
      maxBytes: maxQueuedRequestBytes,
      openingBytes: maxRecordBytes,
      runnable: () => this.queue.runnable,
      open,
      onFull: () => this.consumers.forEach((consumer) => consumer.pause()),
      onRoom: () => this.resume(),
    });
  }

  private resume(): void {
    if (this.isClosing) return;
    for (const consumer of this.consumers) consumer.resume();
  }

  private groupConsumers(
    { id, counters, delayTopics }: Pick<ServerParts, 'id' | 'counters' | 'delayTopics'>,
    onRevoked: (partition: TopicPartition) => void,
  ): GroupConsumer[] {
    const { options, hooks, queue } = this;
    const { delayed } = this.later;
    const gate: GroupConsumerParts['gate'] = {
      take: (record) => delayed.takeRecord(record),
      forget: (share) => {
        delayed.forget(share);
        this.memory.duplicates?.forget(share);
      },
    };
    const moves = new PartitionMoves(queue, () => this.callers.openCalls());
    const parts = {
      ...options,
      counters,
      moves,
      gate,
      onRevoked,
      onCommitError: hooks.onCommitError,
      log: hooks.log,
    };
    return topicsByGroup(options, delayTopics).map(([groupId, topics]) => {
      const served = servedHandlers(formatInstanceId(id), hooks.patterns(), topics);
      const memberData = encodeServedHandlers(served);
      const watch = new GroupWatch(groupId, hooks.log);
      return new GroupConsumer({ ...parts, groupId, topics, memberData, watch });
    });
  }
}

const windowOf = ({ duplicateWindow }: ResolvedServerOptions): Pick<IntakeParts, 'duplicates'> =>
  duplicateWindow.ttlMs > 0 ? { duplicates: new DuplicateWindow(duplicateWindow) } : {};

/** What is read for the services, by the group that shares it: services with one group have one membership. */
const topicsByGroup = (
  { services, groupId, topics }: ResolvedServerOptions,
  delays: DelayTopics,
): [string, string[]][] => {
  const groups = new Map<string, string[]>();
  for (const service of services) {
    const ofGroup = groups.get(groupId(service)) ?? [];
    groups.set(groupId(service), ofGroup);
    ofGroup.push(topics.requests(service));
    const delayTopic = delays.get(topics.requests(service))?.topic;
    if (delayTopic !== undefined) ofGroup.push(delayTopic);
  }
  return [...groups];
};

const replyTopicOf = (driver: DriverConnection, topic: string, partitions: number): ReplyTopic =>
  new ReplyTopic(topic, partitions, () => driver.partitionCount(topic, { isFresh: true }));
