import type { Acks, ProduceAck, ProduceOptions, ProducerRecord, TopicPartition } from 'nestjs-kafka-rpc';
import { decodeFrameList } from '../../lib/protocol/frame-list.js';
import type { Message } from '../../lib/protocol/message.js';
import { deferred, type Deferred } from './deferred.js';

/** What a driver makes one produce request of: all that was asked for in one go. The test answers it. */
export class ProduceRequest {
  readonly batches: PlayedBatch[] = [];

  get records(): readonly ProducerRecord[] {
    return this.batches.flatMap(({ records }) => records);
  }

  get acks(): Acks | undefined {
    return this.batches[0]?.options.acks;
  }

  /** The sequence numbers of its messages, record by record; for records without wire stages. */
  get seqs(): readonly (readonly number[])[] {
    return this.records.map(({ value }) => messagesOf(value!).map(({ seq }) => seq));
  }

  get messages(): readonly Message[] {
    return this.records.flatMap(({ value }) => messagesOf(value!));
  }

  acknowledge(appendTimeMs = -1): void {
    for (const batch of this.batches) batch.acknowledge(appendTimeMs);
  }

  fail(error: unknown): void {
    for (const batch of this.batches) batch.fail(error);
  }
}

/** One call of `produce()`. */
export class PlayedBatch {
  private readonly answer: Deferred<ProduceAck> = deferred();
  readonly outcome = this.answer.promise;

  constructor(
    readonly records: readonly ProducerRecord[],
    readonly options: ProduceOptions,
  ) {}

  acknowledge(appendTimeMs = -1, throttleMs = 0): void {
    const { topic, partition } = this.records[0]!;
    this.answer.resolve({ topic, partition, baseOffset: 0n, appendTimeMs, throttleMs });
  }

  fail(error: unknown): void {
    this.answer.reject(error);
  }
}

/** The producing part of a driver's connection. */
export class PlayedProducer {
  readonly requests: ProduceRequest[] = [];
  /** By the broker that they are for. */
  private readonly filling = new Map<number | undefined, ProduceRequest>();
  /** Which broker leads a partition; none is known when left out. */
  leaderOf: (partition: TopicPartition) => number | undefined = () => 0;

  produce(records: readonly ProducerRecord[], options: ProduceOptions): Promise<ProduceAck> {
    const batch = new PlayedBatch(records, options);
    this.requestToFill(this.leaderOf(records[0]!)).batches.push(batch);
    return batch.outcome;
  }

  get last(): ProduceRequest {
    return this.requests[this.requests.length - 1]!;
  }

  private requestToFill(leader: number | undefined): ProduceRequest {
    const filling = this.filling.get(leader);
    if (filling !== undefined) return filling;
    const request = new ProduceRequest();
    this.filling.set(leader, request);
    this.requests.push(request);
    queueMicrotask(() => this.filling.delete(leader));
    return request;
  }
}

export const messagesOf = (value: Buffer): readonly Message[] => decodeFrameList(value, () => undefined);
