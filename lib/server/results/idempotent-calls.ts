import type { Counters } from '../../diagnostics/counters.js';
import type { TopicPartition } from '../../driver/record.js';
import { RpcStatus } from '../../errors/status.js';
import type { RequestEnvelope } from '../../protocol/envelope.js';
import type { KeptEnd, RequestMessage, ResultMessage } from '../../protocol/message.js';
import type { Handlers } from '../dispatch-parts.js';
import type { Dispatcher } from '../dispatcher.js';
import type { IncomingCall, Stoppable } from '../incoming-call.js';
import { ReplyStream } from '../reply-stream.js';
import type { ReplyTransport } from '../reply-transport.js';
import { IdempotentRun, type Operation } from './idempotent-run.js';
import { KeptOutcome } from './kept-outcome.js';
import { keyDigest, requestDigest } from './request-digest.js';
import type { ResultLog } from './result-log.js';
import type { ResultTable } from './result-table.js';
import { resultPlace, type ResultTopics } from './result-topics.js';
import type { ResultWriter } from './result-writer.js';

export interface IdempotentCallsParts {
  readonly handlers: Pick<Handlers, 'find' | 'commits'>;
  readonly dispatcher: Pick<Dispatcher, 'take' | 'wait' | 'leave' | 'nextRun'>;
  readonly transport: ReplyTransport;
  readonly counters: Counters;
  /** Empty where no results are kept. */
  readonly topics: ResultTopics;
  readonly table: ResultTable;
  readonly writer: Pick<ResultWriter, 'write'>;
  readonly openLog: (
    at: TopicPartition,
    onResult: (message: ResultMessage, envelope: RequestEnvelope) => void,
  ) => Pick<ResultLog, 'loading' | 'close'>;
}

/**
 * Calls with an idempotency key: those with one key ask for one operation, and all get the result of one run.
 *
 *     call → its operation's result is known → that is its answer
 *          → it runs                         → waits with the others
 *          → else                            → a run begins
 *     run ends → its result is written → read back, the first in the log counts → the answer of all who wait
 *
 * Order: result, reply, offset. The calls that wait are in hand as any other, and their offsets are open until they are answered; so
 * whoever has the partition next finds them, and the result if it was written.
 */
export class IdempotentCalls {
  private readonly logs = new Map<string, Pick<ResultLog, 'loading' | 'close'>>();
  private readonly runs = new Map<string, IdempotentRun>();
  private idleWaiters: (() => void)[] = [];

  constructor(private readonly parts: IdempotentCallsParts) {}

  /** Those that are queued, run, or have their result on its way. */
  openRuns(): Iterable<IdempotentRun> {
    return this.runs.values();
  }

  take(call: IncomingCall, idempotencyKey: string): void {
    const { origin } = call;
    const waiting: Stoppable = { stop: (stopped, reason) => this.parts.dispatcher.leave(stopped, reason) };
    if (!this.parts.dispatcher.wait(call, waiting)) return;
    if (!this.parts.topics.has(origin.record.topic) || origin.caller.replies === null)
      return this.answer(call, notKept());
    if (this.isCommittedBefore(call)) return this.answer(call, committedBefore(call.message.pattern));
    const digest = keyDigest(idempotencyKey);
    const operation: Operation = {
      name: nameOf(origin.record, digest),
      keyDigest: digest,
      requestDigest: requestDigest(call.message as RequestMessage, origin.envelope.contentType),
    };
    const known = this.parts.table.get(operation.name);
    if (known === undefined) return this.join(call, operation);
    this.parts.counters.add('resultsReused');
    this.answer(call, known.requestDigest.equals(operation.requestDigest) ? known.end : usedOtherwise());
  }

  /** A partition of requests is this server's from now on. */
  assigned(place: TopicPartition): void {
    const at = resultPlace(this.parts.topics, place);
    if (at === undefined) return;
    const prefix = prefixOf(place);
    this.logs.get(prefix)?.close();
    const log = this.parts.openLog(at, (message, envelope) => this.onResult(prefix, message, envelope));
    this.logs.set(prefix, log);
  }

  /** It is another's. What still runs of it writes its result all the same. */
  revoked(place: TopicPartition): void {
    const prefix = prefixOf(place);
    this.logs.get(prefix)?.close();
    this.logs.delete(prefix);
    this.parts.table.forget(prefix);
    for (const run of [...this.runs.values()])
      if (run.isWritten && prefixOf(run.origin.record) === prefix) this.over(run);
  }

  /** Resolves when no result is on its way. */
  async idle(): Promise<void> {
    while ([...this.runs.values()].some(({ state }) => state === 'answered'))
      await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
  }

  close(): void {
    for (const log of this.logs.values()) log.close();
    this.logs.clear();
  }

  /** Of what may be lost with its server nothing can be promised to the next. */
  private isCommittedBefore({ message }: IncomingCall): boolean {
    const { commits, find } = this.parts.handlers;
    return commits.isAnyBefore && commits.isBefore(find(message.pattern));
  }

  private join(call: IncomingCall, operation: Operation): void {
    const running = this.runs.get(operation.name);
    if (running !== undefined && !running.isOf(operation)) return this.answer(call, usedOtherwise());
    const run = running ?? this.begin(call, operation);
    run.waiters.add(call);
    call.waitIn({
      stop: (stopped, reason) => {
        this.parts.dispatcher.leave(stopped, reason);
        run.waiters.delete(stopped);
        if (run.waiters.size === 0) this.giveUp(run);
      },
    });
    if (running === undefined) this.parts.dispatcher.take(run);
  }

  /** Nobody waits: what no handler has is not to be run. */
  private giveUp(run: IdempotentRun): void {
    const isInAHandler = run.state !== 'queued' && run.state !== 'resting';
    if (!isInAHandler && run.stop('cancelled')) this.over(run);
  }

  private begin(first: IncomingCall, operation: Operation): IdempotentRun {
    const prefix = prefixOf(first.origin.record);
    const run = new IdempotentRun(first, operation, {
      outcomeOf: (begun) =>
        new KeptOutcome(begun, {
          serializer: this.parts.transport.codec.serializer,
          restMs: (call, error) => this.parts.transport.retries?.restMs(call, error),
          onEnd: (end, again) => this.onEnd(begun, end, again),
        }),
      loading: () => this.logs.get(prefix)?.loading,
    });
    this.runs.set(operation.name, run);
    return run;
  }

  private onEnd(run: IdempotentRun, end: KeptEnd, again?: { readonly retryable: boolean }): void {
    // Another server was first, or what is not kept need not be written.
    if (this.runs.get(run.operation.name) !== run) return run.handOver();
    if (again !== undefined) return this.settle(run, end, again.retryable);
    const { keyDigest: key, requestDigest: request } = run.operation;
    const { message, origin } = run;
    const at = resultPlace(this.parts.topics, origin.record) as TopicPartition;
    const result = {
      keyDigest: key,
      requestDigest: request,
      doneAtMs: this.parts.transport.clock.now(),
      pattern: message.pattern,
      caller: origin.caller.id,
      callSeq: message.seq,
      end,
    };
    this.parts.writer.write(at, result, () => this.written(run));
  }

  /** Nobody reads it back where its partition is another's by now. */
  private written(run: IdempotentRun): void {
    run.isWritten = true;
    if (!this.logs.has(prefixOf(run.origin.record))) this.over(run);
  }

  private onResult(prefix: string, message: ResultMessage, { contentType }: RequestEnvelope): void {
    const { serializer } = this.parts.transport.codec;
    const { requestDigest: request, doneAtMs } = message;
    const end = contentType === serializer.contentType ? ownEnd(message.end) : otherSerializer(contentType);
    const name = prefix + message.keyDigest.toString('latin1');
    const first = this.parts.table.add(name, { requestDigest: Buffer.from(request), doneAtMs, end });
    const run = this.runs.get(name);
    if (run === undefined || first === undefined) return;
    this.settle(run, run.isOf(first) ? first.end : usedOtherwise());
  }

  /** All who wait are answered, and the run is of no use any more, though it may go on. */
  private settle(run: IdempotentRun, end: KeptEnd, retryable = false): void {
    const waiting = [...run.waiters];
    run.waiters.clear();
    this.giveUp(run);
    this.over(run);
    for (const call of waiting) this.answer(call, end, retryable);
  }

  private over(run: IdempotentRun): void {
    if (this.runs.get(run.operation.name) === run) this.runs.delete(run.operation.name);
    if (run.state === 'answered') run.handOver();
    for (const resolve of this.idleWaiters.splice(0)) resolve();
  }

  private answer(call: IncomingCall, end: KeptEnd, retryable = false): void {
    const { dispatcher, transport, counters } = this.parts;
    const { replies } = call.origin.caller;
    dispatcher.leave(call);
    if (replies === null) {
      counters.add('messagesMalformed');
      return call.finish('refused', RpcStatus.INVALID_ARGUMENT);
    }
    if (!call.start(NOTHING_RUNS)) return;
    new ReplyStream(call, replies, dispatcher.nextRun(), transport).give(end, retryable);
  }
}

const NOTHING_RUNS: Stoppable = { stop: () => undefined };

const prefixOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}/`;

const nameOf = (place: TopicPartition, digest: Buffer): string => prefixOf(place) + digest.toString('latin1');

/** A copy: what was read is a piece of a fetch, and would keep all of it. */
const ownEnd = (end: KeptEnd): KeptEnd => {
  if ('payload' in end) return { status: 'OK', payload: end.payload && Buffer.from(end.payload) };
  return { ...end, details: Buffer.from(end.details) };
};

const NO_DETAILS = Buffer.alloc(0);

const notKept = (): KeptEnd => ({
  status: RpcStatus.FAILED_PRECONDITION,
  message:
    'This server keeps no results for an idempotencyKey: set the option idempotency of KafkaRpcServer, or call without the key.',
  details: NO_DETAILS,
});

const committedBefore = (pattern: string): KeptEnd => ({
  status: RpcStatus.FAILED_PRECONDITION,
  message: `"${pattern}" must not run twice (commit: 'before'), so its result can be lost, and cannot be kept for an idempotencyKey: call it without.`,
  details: NO_DETAILS,
});

const usedOtherwise = (): KeptEnd => ({
  status: RpcStatus.ALREADY_EXISTS,
  message: 'The idempotencyKey was used for another request: take a new key for each operation.',
  details: NO_DETAILS,
});

const otherSerializer = (contentType: string): KeptEnd => ({
  status: RpcStatus.FAILED_PRECONDITION,
  message: `The result for this idempotencyKey was kept by the serializer "${contentType}", which this server does not have.`,
  details: NO_DETAILS,
});
