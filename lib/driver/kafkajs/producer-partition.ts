import type { RpcError } from '../../errors/rpc-error.js';
import type { Acks } from '../driver.js';
import type { TopicPartition } from '../record.js';
import { toRpcError } from './kafkajs-errors.js';
import { batchesInstead, type PendingBatch } from './pending-batch.js';
import { isDuplicate, judgeProduceError, mayHaveAppended } from './produce-verdict.js';
import type { ProducerIdentity } from './producer-identity.js';
import type { ProducerId } from './requests/init-producer-id.js';
import type { ProducedPartition } from './requests/produce.js';
import { acknowledgeBeforeAppended, SequencedBatch } from './sequenced-batch.js';
import { WaitingBatches } from './waiting-batches.js';

/** What a broker remembers of each producer and partition: more in flight, and a repeated one might not be known. */
const MAX_IN_FLIGHT = 5;
const MAX_EPOCH = 32_767;
/** What only has to be sent in another way is sent at once, unless that does not help. */
const MAX_PROMPT_ATTEMPTS = 3;

/** What a partition needs of its producer. */
export interface PartitionProducerParts {
  readonly identity: ProducerIdentity;
  readonly now: () => number;
  /** It may have something to send. */
  readonly onReady: (partition: PartitionProducer) => void;
  readonly onRefused: (topic: string, error: unknown) => void;
  readonly tooLarge: (batch: SequencedBatch) => Promise<RpcError>;
  /** Resolves when a failed partition may be tried again, by back-off and once metadata are fresh. Never rejects. */
  readonly pause: (attempt: number, error: unknown) => Promise<void>;
  /** Set when the connection is closed: why nothing more is tried. */
  readonly closedBy: () => RpcError | undefined;
}

/**
 * The batches for one partition: appended in the order asked for, once each, with up to five in flight.
 *
 *     open ── a batch fails ──▶ draining ── the others in flight are answered too ──▶ paused ── back-off ──▶ open
 *
 * After a failure all that is not appended is sent again in its order and with its sequence. The broker refuses what comes
 * out of order, and knows what it has. If it misses something that will not come any more, or lost what it had, the epoch is
 * raised, which also keeps out what may still be under way, and sequences begin again at 0.
 */
export class PartitionProducer implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  private state: 'open' | 'draining' | 'paused' = 'open';
  private readonly waiting = new WaitingBatches();
  /** Those in flight first, then those that are sent again. */
  private batches: SequencedBatch[] = [];
  private inFlight = 0;
  private unanswered = 0;
  private nodeId: number | undefined;
  private id: ProducerId | undefined;
  /** The sequence that the broker expects, if it has all that was acknowledged or given up. */
  private expectedSequence = 0;
  private nextSequence = 0;
  /** Whether the broker knows this id and epoch: to one that does not, any sequence is in order. */
  private isKnown = false;
  private attempts = 0;
  private reason: RpcError | undefined;

  constructor(
    { topic, partition }: TopicPartition,
    private readonly parts: PartitionProducerParts,
  ) {
    this.topic = topic;
    this.partition = partition;
  }

  add(pending: PendingBatch): void {
    this.waiting.add(pending);
    if (this.state === 'open') this.parts.onReady(this);
    else if (this.reason !== undefined) pending.delay(this.reason);
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get isInFlight(): boolean {
    return this.inFlight > 0;
  }

  /** Whether there is something that may leave now, to this broker. */
  maySendTo(nodeId: number): boolean {
    if (this.state !== 'open' || this.inFlight >= this.maxInFlight) return false;
    if (this.inFlight > 0 && this.nodeId !== nodeId) return false;
    const next = this.nextAcks;
    // Without a sequence nothing but waiting keeps the order.
    return next !== undefined && (this.inFlight === 0 || next === -1);
  }

  /** Which acknowledgement the next batch wants; undefined when there is none. */
  get nextAcks(): Acks | undefined {
    return this.batches[this.inFlight]?.acks ?? this.waiting.nextAcks;
  }

  /** Whether an id must be asked for first. */
  get needsId(): boolean {
    return this.id === undefined && this.nextAcks === -1 && !this.parts.identity.isDecided;
  }

  /** @returns the next batch, which is now in flight; undefined when nothing is left that is still wanted. */
  take(nodeId: number): SequencedBatch | undefined {
    const again = this.batches[this.inFlight];
    const batch = again ?? this.waiting.take(this.parts.now(), this.reason);
    if (batch === undefined) return undefined;
    if (again === undefined) this.batches.push(batch);
    if (batch.acks === -1) {
      this.id ??= this.parts.identity.current;
      if (this.id === undefined) batch.sequence = undefined;
      else this.nextSequence = batch.assign(this.id, this.nextSequence);
    }
    this.nodeId = nodeId;
    this.inFlight += 1;
    this.unanswered += 1;
    return batch;
  }

  answered(batch: SequencedBatch, answer: ProducedPartition, throttleMs: number): void {
    if (answer.error !== undefined && !isDuplicate(answer.error)) return this.failed(batch, answer.error);
    batch.acknowledge(answer, throttleMs > 0 ? throttleMs : undefined);
    this.isKnown = batch.sequence !== undefined;
    this.attempts = 0;
    this.reason = undefined;
    this.unanswered -= 1;
    if (this.state === 'draining') this.concludeOnceAnswered();
    else this.shiftAppended();
  }

  failed(batch: SequencedBatch, error: unknown): void {
    batch.error = error;
    batch.mayBeAppended ||= mayHaveAppended(error);
    this.unanswered -= 1;
    this.state = 'draining';
    this.concludeOnceAnswered();
  }

  /** Holds all back until this is done; if it fails, until it may be tried again. For what is missing before a batch can leave. */
  waitFor(work: Promise<unknown>): void {
    this.state = 'paused';
    work.then(
      () => this.reopen(),
      (error: unknown) => this.pause(error),
    );
  }

  /** Nothing in flight is waited for: `produce` fails, whatever became of it. */
  close(error: RpcError): void {
    this.state = 'paused';
    for (const batch of this.batches.splice(0)) batch.fail(error);
    this.waiting.fail(error);
    this.inFlight = 0;
  }

  /** The partition is not there any more: what waits for it fails, and it begins anew should it come back. Nothing may be in flight. */
  abandon(error: RpcError): void {
    this.close(error);
    // Should it be the old one that comes back, sequence 0 would be taken for a repeated one in the same epoch.
    this.raiseEpoch();
    this.nextSequence = 0;
    this.attempts = 0;
    this.state = 'open';
  }

  private get maxInFlight(): number {
    return this.isKnown && this.batches[0]?.sequence !== undefined ? MAX_IN_FLIGHT : 1;
  }

  private shiftAppended(): void {
    while (this.inFlight > 0 && this.batches[0]?.isAppended) this.leaveBehind(this.batches[0]);
    this.parts.onReady(this);
  }

  /** The first batch is no longer ours, and the broker has it, or may have it. */
  private leaveBehind(batch: SequencedBatch): void {
    this.batches.shift();
    if (this.inFlight > 0) this.inFlight -= 1;
    if (batch.isOf(this.id)) this.expectedSequence = batch.sequenceBehind;
  }

  private concludeOnceAnswered(): void {
    if (this.unanswered > 0) return;
    this.state = 'paused';
    void this.conclude();
  }

  /** All that was in flight is answered, and some of it failed: decides what becomes of each. */
  private async conclude(): Promise<void> {
    acknowledgeBeforeAppended(this.batches, this);
    while (this.batches[0]?.isAppended) this.leaveBehind(this.batches[0]);
    const failed = this.batches.splice(0, this.inFlight);
    this.inFlight = 0;
    const kept: SequencedBatch[] = [];
    for (const [index, batch] of failed.entries()) {
      // Behind one that is sent again, what may be appended keeps its place as well.
      const isHeldInPlace = kept.length > 0 && batch.mayBeAppended;
      kept.push(...(isHeldInPlace ? [batch] : await this.decide(batch, index === 0)));
    }
    this.batches.unshift(...kept);
    const error = failed[0]?.error;
    if (kept.length === 0 || (judgeProduceError(error) !== 'retry' && this.attempts < MAX_PROMPT_ATTEMPTS)) {
      this.attempts += 1;
      return this.reopen();
    }
    await this.pause(error);
  }

  /** @returns what is to be sent in place of a batch that failed. */
  private async decide(batch: SequencedBatch, isFirst: boolean): Promise<readonly SequencedBatch[]> {
    const { error } = batch;
    switch (judgeProduceError(error)) {
      case 'too-large':
        return this.split(batch);
      case 'refused':
        return this.refuse(batch);
      case 'out-of-sequence':
        if (isFirst) this.raiseEpoch();
        return [batch];
      case 'fenced':
        this.forgetId();
        return [batch];
      case 'not-idempotent':
        this.parts.identity.refuse(error);
        this.forgetId();
        return [batch];
      case 'retry':
        return [batch];
    }
  }

  /** Each by itself, so that only what is too large by itself fails; that may be replaced by whoever asked for it. */
  private async split(batch: SequencedBatch): Promise<readonly SequencedBatch[]> {
    const [first, ...others] = batch.pending;
    if (others.length > 0) {
      this.waiting.wereTooMany(batch.bytes);
      return batch.pending.map((pending) => new SequencedBatch([pending]));
    }
    const error = await this.parts.tooLarge(batch);
    const instead = await batchesInstead(first, error, this.parts.now);
    batch.fail(error);
    return instead.map((pending) => new SequencedBatch([pending]));
  }

  private refuse(batch: SequencedBatch): readonly SequencedBatch[] {
    this.parts.onRefused(this.topic, batch.error);
    batch.fail(this.errorOf(batch.error));
    // An earlier attempt may have appended it: what comes behind it keeps its sequence.
    if (batch.mayBeAppended && batch.isOf(this.id)) this.expectedSequence = batch.sequenceBehind;
    return [];
  }

  private raiseEpoch(): void {
    if (this.id === undefined || this.id.epoch >= MAX_EPOCH) return this.forgetId();
    this.begin({ producerId: this.id.producerId, epoch: this.id.epoch + 1 });
  }

  private forgetId(): void {
    if (this.id !== undefined) this.parts.identity.forget(this.id);
    this.begin(undefined);
  }

  private begin(id: ProducerId | undefined): void {
    this.id = id;
    this.expectedSequence = 0;
    this.isKnown = false;
  }

  private async pause(error: unknown): Promise<void> {
    const reason = this.errorOf(error);
    this.reason = reason;
    for (const batch of this.batches) batch.delay(reason);
    this.waiting.delay(reason);
    await this.parts.pause(this.attempts, error);
    this.attempts += 1;
    this.reopen();
  }

  private reopen(): void {
    const closed = this.parts.closedBy();
    if (closed !== undefined) return this.close(closed);
    this.expire(this.parts.now());
    this.nextSequence = this.expectedSequence;
    this.state = 'open';
    this.parts.onReady(this);
  }

  private expire(nowMs: number): void {
    for (const batch of this.batches) batch.expire(nowMs, this.reason);
    // Only from the front: what may be in the log keeps its sequence before those behind it.
    for (let first = this.batches[0]; first?.isOver; first = this.batches[0]) {
      if (first.mayBeAppended) this.leaveBehind(first);
      else this.batches.shift();
    }
    this.waiting.expire(nowMs, this.reason);
  }

  private errorOf(error: unknown): RpcError {
    return toRpcError(error, `produce a batch to ${this.topic}[${this.partition}]`);
  }
}
