import type { Acks, ProducerRecord, ProduceAck, TopicPartition } from 'nestjs-kafka-rpc';
import { decodeFrameList } from '../../lib/protocol/frame-list.js';
import type { Message } from '../../lib/protocol/message.js';
import { deferred, type Deferred } from './deferred.js';

/** One produce request: the test answers it. */
export interface ProduceRequest {
  readonly records: readonly ProducerRecord[];
  readonly acks: Acks;
  /** The sequence numbers of its messages, record by record; for records without wire stages. */
  readonly seqs: readonly (readonly number[])[];
  acknowledge(appendTimeMs?: number): void;
  fail(error: unknown): void;
}

/** The producing part of a driver's connection. */
export class PlayedProducer {
  readonly requests: ProduceRequest[] = [];
  /** Which broker leads a partition; none is known when left out. */
  leaderOf: (partition: TopicPartition) => number | undefined = () => 0;

  produce(records: readonly ProducerRecord[], { acks }: { acks: Acks }): Promise<readonly ProduceAck[]> {
    const answer: Deferred<readonly ProduceAck[]> = deferred();
    this.requests.push({
      records,
      acks,
      seqs: records.map(({ value }) => messagesOf(value!).map(({ seq }) => seq)),
      acknowledge: (appendTimeMs = -1) =>
        answer.resolve(
          records.map(({ topic, partition }) => ({ topic, partition, baseOffset: 0n, appendTimeMs })),
        ),
      fail: answer.reject,
    });
    return answer.promise;
  }

  get last(): ProduceRequest {
    return this.requests[this.requests.length - 1]!;
  }
}

export const messagesOf = (value: Buffer): readonly Message[] => decodeFrameList(value, () => undefined);
