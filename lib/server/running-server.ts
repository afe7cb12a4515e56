import { Counters } from '../diagnostics/counters.js';
import type { RefusedRecord } from '../diagnostics/channels.js';
import type { Log } from '../diagnostics/log.js';
import type { DriverConnection } from '../driver/driver.js';
import type { TopicPartition } from '../driver/record.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { RequestEnvelope } from '../protocol/envelope.js';
import type { ServerEndpoint } from '../protocol/pong.js';
import type { Codec } from '../wire/codec.js';
import { Outbox } from '../wire/outbox.js';
import { Receiver } from '../wire/receiver.js';
import { waitAtMost } from '../wire/wait-at-most.js';
import { AllowedReplies } from './allowed-replies.js';
import { Callers } from './caller.js';
import { controlOf } from './control/control.js';
import type { ControlReader } from './control/control-reader.js';
import { callMemory, type CallMemory } from './duplicates/call-memory.js';
import { PastCalls } from './duplicates/past-calls.js';
import type { CallLanes } from './limits/call-lanes.js';
import type { Handlers } from './dispatch-parts.js';
import { Dispatcher } from './dispatcher.js';
import { endOfLog } from './end-of-log.js';
import { GroupConsumer, type GroupConsumerParts } from './group-consumer.js';
import type { IncomingCall } from './incoming-call.js';
import { LogEndWatch } from './log-end-watch.js';
import { groupMembers } from './group-members.js';
import { MovedCalls } from './moved-calls.js';
import { PartitionMoves } from './partition-moves.js';
import { prepareServer, type PreparedServer } from './prepared-server.js';
import { RefusedRequests } from './refusals/refused-requests.js';
import type { ReplyTransport } from './reply-transport.js';
import { RequestClock } from './request-clock.js';
import { RequestGate } from './request-gate.js';
import { RequestIntake } from './request-intake.js';
import type { RequestRecord } from './request-record.js';
import { LaterWork, type LaterWorkHooks } from './retries/later-work.js';
import { KeptResults } from './results/kept-results.js';
import { replyTopicOf } from './reply-topic.js';
import type { ResolvedServerOptions } from './server-options.js';
import { SilentClients } from './silent-clients.js';
import { WorkQueue } from './work-queue.js';

/** What a running server tells the strategy object. */
export interface ServerHooks extends LaterWorkHooks {
  readonly handlers: Handlers;
  readonly lanes: CallLanes;
  readonly onRefused: (refused: RefusedRecord) => void;
  readonly onDeadLetterLost: (error: RpcError) => void;
  readonly onCommitError: (error: unknown) => void;
  readonly onResultsFailed: (error: RpcError) => void;
  readonly log: Log;
  /** The handlers that there are. */
  readonly endpoints: () => readonly ServerEndpoint[];
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
  private readonly results: KeptResults;
  private readonly later: LaterWork;
  private readonly dispatcher: Dispatcher;
  private readonly memory: CallMemory;
  private readonly control: ControlReader;
  private isClosing = false;

  private constructor(
    readonly driver: DriverConnection,
    private readonly options: ResolvedServerOptions,
    private readonly hooks: ServerHooks,
    parts: PreparedServer,
  ) {
    const { codec, counters } = parts;
    this.memory = callMemory(codec, options, counters);
    this.outbox = this.newOutbox(parts);
    this.logEnds = new LogEndWatch((partition) => endOfLog(driver, partition), parts.clock);
    const clock = this.requestClock(parts);
    this.callers = new Callers(parts.id, codec);
    this.silentClients = this.watchOfClients(clock, counters);
    const deadLetterTopics = parts.deadLetterTopics.refused;
    this.refused = new RefusedRequests({ ...parts, deadLetterTopics, driver, options, hooks });
    this.queue = new WorkQueue<IncomingCall>({
      ...{ concurrency: options.concurrency, maxAbandoned: options.maxAbandonedHandlers, lanes: hooks.lanes },
      start: (call) => this.dispatcher.dispatch(call),
      onLess: () => this.gate.letIn(),
    });
    this.gate = this.requestGate((record) => receiver.receive(record));
    this.later = this.laterWork(parts, clock, (call) => this.dispatcher.take(call));
    const transport = { outbox: this.outbox, codec, clock, counters, retries: this.later.retries };
    this.dispatcher = new Dispatcher(hooks.handlers, transport, counters, this.queue);
    this.results = this.keptResults(parts, this.dispatcher, transport);
    const replyTopic = replyTopicOf(driver, options.topics.replies, parts.replyPartitions);
    this.control = this.controlPart(parts, new AllowedReplies(replyTopic));
    const intake = new RequestIntake({
      ...{ callers: this.callers, clock, counters, replyTopic },
      memory: this.memory,
      gate: this.gate,
      delayed: this.later.delayed,
      onCall: (call) => this.dispatcher.take(call),
      idempotent: this.results.calls,
      onRefused: (request, finish) => this.refused.add(request, finish),
    });
    const receiver = new Receiver<RequestEnvelope, RequestRecord>(codec, counters, intake);
    this.consumers = this.groupConsumers(parts, receiver, this.pastCalls(codec, clock));
  }

  /** Prepares stages and topics, learns the time, joins the groups. Closes the connection when that fails. */
  static async start(
    driver: DriverConnection,
    options: ResolvedServerOptions,
    hooks: ServerHooks,
    parts: { readonly id: Buffer; readonly counters: Counters; readonly signal: AbortSignal },
  ): Promise<RunningServer> {
    try {
      const prepared = await prepareServer(driver, options, hooks.policies.needsDelays, parts);
      const server = new RunningServer(driver, options, hooks, prepared);
      // Before it has calls: who sees it in its group may ask it.
      await server.control.open();
      await Promise.all(server.consumers.map((consumer) => consumer.join(driver, parts)));
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

  get runningHandlers(): number {
    return this.queue.runningCount;
  }

  /** Partitions that this server reads, of all its groups. */
  get assignedPartitions(): number {
    return this.consumers.reduce((sum, { assignment }) => sum + assignment.length, 0);
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
    const endsAtMs = performance.now() + this.options.gracePeriodMs;
    this.isClosing = true;
    for (const consumer of this.consumers) consumer.pause();
    this.gate.close();
    this.control.close();
    this.later.stop();
    const work = this.queue.stop().then(() => this.whatIsWritten());
    await waitAtMost(work, this.options.gracePeriodMs);
    this.dispatcher.close();
    this.later.close();
    for (const call of this.openCalls()) call.stop('closing');
    this.results.close();
    this.refused.close();
    this.logEnds.close();
    this.silentClients.close();
    const timeLeftMs = Math.max(0, endsAtMs - performance.now());
    await Promise.all(this.consumers.map((consumer) => consumer.close(timeLeftMs)));
    await this.driver.close();
  }

  /** Resolves when nothing is on its way to the broker. */
  private async whatIsWritten(): Promise<void> {
    await this.results.idle();
    await Promise.all([this.outbox.idle(), this.refused.idle(), this.later.idle()]);
  }

  /** Those that somebody waits for, then the runs that these wait for. */
  private *openCalls(): Iterable<IncomingCall> {
    yield* this.callers.openCalls();
    yield* this.results.calls.openRuns();
  }

  private controlPart(parts: PreparedServer, replies: AllowedReplies): ControlReader {
    const { driver, options, hooks, outbox, queue } = this;
    return controlOf({
      ...{ ...parts, ...hooks, driver, options, outbox, queue, replies },
      assignment: () => this.consumers.flatMap(({ assignment }) => assignment),
      openCalls: () => this.openCalls(),
    });
  }

  private laterWork(
    parts: PreparedServer,
    clock: RequestClock,
    start: (call: IncomingCall) => void,
  ): LaterWork {
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

  private keptResults(parts: PreparedServer, dispatcher: Dispatcher, transport: ReplyTransport): KeptResults {
    const { driver, options, hooks } = this;
    const { clock: brokerClock } = parts;
    return new KeptResults({ ...parts, ...hooks, driver, options, brokerClock, dispatcher, transport });
  }

  private newOutbox({ codec, clock, counters }: PreparedServer): Outbox {
    const onThrottled = (): void => counters.add('throttles');
    return new Outbox(this.driver, codec, clock, { ...this.options, onThrottled });
  }

  private requestClock({ clock, times }: PreparedServer): RequestClock {
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

  /** Undefined where nothing is to be remembered. */
  private pastCalls(codec: Codec, clock: RequestClock): PastCalls | undefined {
    const { driver, memory, options, gate } = this;
    const limits = options.duplicateWindow;
    if (limits.ttlMs === 0) return undefined;
    return new PastCalls({ driver, codec, memory, clock, limits, letIn: () => gate.letIn() });
  }

  private resume(): void {
    if (this.isClosing) return;
    for (const consumer of this.consumers) consumer.resume();
  }

  private groupConsumers(
    { id, codec, counters, delayTopics }: PreparedServer,
    receiver: { forget(partition: TopicPartition): void },
    past: PastCalls | undefined,
  ): GroupConsumer[] {
    const { options, hooks, queue, driver, callers } = this;
    const { delayed } = this.later;
    const gate: GroupConsumerParts['gate'] = {
      take: (record) => delayed.takeRecord(record),
      forget: (share) => {
        delayed.forget(share);
        this.memory.forget(share);
      },
    };
    const parts = {
      ...options,
      counters,
      moves: new PartitionMoves(queue, () => this.openCalls()),
      moved: new MovedCalls({ driver, codec, callers, counters }),
      gate,
      past,
      onAssigned: (partition: TopicPartition) => this.results.calls.assigned(partition),
      onRevoked: (partition: TopicPartition) => {
        receiver.forget(partition);
        this.results.calls.revoked(partition);
      },
      onCommitError: hooks.onCommitError,
      endOf: (place: TopicPartition) => endOfLog(this.driver, place),
      log: hooks.log,
    };
    return groupMembers(id, options, delayTopics, hooks).map(
      (member) => new GroupConsumer({ ...parts, ...member }),
    );
  }
}
