import type { ClusterLink } from '../../lib/driver/kafkajs/cluster-link.js';
import type { ProducerParts } from '../../lib/driver/kafkajs/producer.js';
import type { ProtocolRequest } from '../../lib/driver/kafkajs/requests/protocol-request.js';
import { RequestWriter } from '../../lib/driver/kafkajs/requests/request-writer.js';
import { ResponseReader } from '../../lib/driver/kafkajs/requests/response-reader.js';

/** Kafka's error codes. */
export const CODE = {
  unknownTopic: 3,
  notLeader: 6,
  timedOut: 7,
  messageTooLarge: 10,
  notEnoughReplicas: 19,
  clusterAuthorization: 31,
  topicAuthorization: 29,
  outOfOrderSequence: 45,
  duplicateSequence: 46,
  invalidProducerEpoch: 47,
  unknownProducerId: 59,
} as const;

/** A batch as it came to the broker. */
export interface ReceivedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly producerId: bigint;
  readonly epoch: number;
  readonly sequence: number;
  readonly texts: readonly string[];
}

/** What becomes of a batch in place of the usual. */
export type Fault =
  /** It is not appended, and answered with this code. */
  | { readonly code: number }
  /** It is appended, and answered with this code. */
  | { readonly codeAfter: number }
  /** The connection breaks before it is appended, or after. */
  | { readonly breaks: 'before' | 'after' }
  /** It is held until the function given is called. */
  | { readonly until: Promise<void> };

interface ProducerState {
  epoch: number;
  /** First and last sequence of the last batches, with the offset of each. */
  readonly batches: { readonly first: number; readonly last: number; readonly offset: number }[];
}

const PRODUCE = 0;
const REMEMBERED_BATCHES = 5;

/**
 * A cluster of one broker, or several that share a log, which keeps Kafka's rules for idempotent producers: one that it knows
 * appends in sequence or not at all, what it has is not appended twice, and an older epoch is shut out.
 */
export class PlayedBroker {
  /** The texts in each log, by `topic:partition`. */
  readonly logs = new Map<string, string[]>();
  /** All batches that came, appended or not. */
  readonly received: ReceivedBatch[] = [];
  /** How many produce requests came to each node. */
  readonly requests: number[] = [];
  idsGiven = 0;
  /** What a request for a producer id is answered with; 0 for an id. */
  idCode = 0;
  throttleMs = 0;
  inFlight = 0;
  mostInFlight = 0;
  recoveries = 0;
  /** Recoveries end when this does. */
  recovered: Promise<void> = Promise.resolve();
  /** Topics of which the producer said that it may not write to them. */
  readonly denials: string[] = [];
  leaderOf: ClusterLink['leaderOf'] = () => 1;
  /** Of each topic. */
  partitions = 100;
  /** Decides what becomes of a batch; called once for each time it comes. */
  fault: (batch: ReceivedBatch) => Fault | undefined = () => undefined;
  private readonly producers = new Map<string, ProducerState>();

  asLink(): ProducerParts['link'] {
    return {
      anyBroker: async () => ({ nodeId: 1 }) as never,
      denied: ({ topic }) => void this.denials.push(topic),
      addTopics: () => Promise.resolve(),
      knows: () => true,
      partitionsOf: () => this.partitions,
      leaderOf: (partition) => this.leaderOf(partition),
      send: (nodeId, request) => this.send(nodeId, request),
      recover: () => {
        this.recoveries += 1;
        return this.recovered;
      },
    };
  }

  log(topic: string, partition: number): string[] {
    const name = `${topic}:${partition}`;
    const log = this.logs.get(name) ?? [];
    this.logs.set(name, log);
    return log;
  }

  /** As when a broker loses what it knew of producers, and the end of a log. */
  forget(topic: string, partition: number, records: number): void {
    this.log(topic, partition).splice(-records, records);
    for (const name of this.producers.keys())
      if (name.startsWith(`${topic}:${partition}:`)) this.producers.delete(name);
  }

  private async send<T>(nodeId: number, { api, maxBytes, write, read }: ProtocolRequest<T>): Promise<T> {
    const writer = new RequestWriter(maxBytes);
    write(writer);
    if (api.apiKey !== PRODUCE) return read(new ResponseReader(this.giveId())).value;
    this.requests.push(nodeId);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      // A broker answers one request after the other.
      const before = this.answering;
      const answer = before.then(() => this.answer(batchesIn(writer.written())));
      this.answering = answer.catch(() => undefined);
      return read(new ResponseReader(await answer)).value;
    } finally {
      this.inFlight -= 1;
    }
  }

  private answering: Promise<unknown> = Promise.resolve();

  private giveId(): Buffer {
    const writer = new RequestWriter(64);
    writer.int32(0);
    writer.int16(this.idCode);
    if (this.idCode === 0) this.idsGiven += 1;
    writer.int64(BigInt(1_000 + this.idsGiven));
    writer.int16(0);
    return writer.written();
  }

  private async answer(batches: readonly ReceivedBatch[]): Promise<Buffer> {
    await new Promise(setImmediate);
    const answers: { batch: ReceivedBatch; code: number; offset: number }[] = [];
    let isBroken = false;
    for (const batch of batches) {
      this.received.push(batch);
      const fault = this.fault(batch);
      if (fault !== undefined && 'until' in fault) await fault.until;
      if (fault !== undefined && 'breaks' in fault) isBroken = true;
      const isLeftOut =
        fault !== undefined && ('code' in fault || ('breaks' in fault && fault.breaks === 'before'));
      const { code, offset } = isLeftOut ? { code: 0, offset: -1 } : this.append(batch);
      const played = fault !== undefined && 'code' in fault ? fault.code : undefined;
      const after = fault !== undefined && 'codeAfter' in fault ? fault.codeAfter : undefined;
      answers.push({ batch, code: played ?? after ?? code, offset });
    }
    if (isBroken)
      throw Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError' });
    return this.responseOf(answers);
  }

  private append(batch: ReceivedBatch): { code: number; offset: number } {
    const log = this.log(batch.topic, batch.partition);
    if (batch.producerId < 0n) return { code: 0, offset: log.push(...batch.texts) - batch.texts.length };
    const name = `${batch.topic}:${batch.partition}:${batch.producerId}`;
    const known = this.producers.get(name);
    const last = batch.sequence + batch.texts.length - 1;
    if (known !== undefined) {
      if (batch.epoch < known.epoch) return { code: CODE.invalidProducerEpoch, offset: -1 };
      if (batch.epoch === known.epoch) {
        const repeated = known.batches.find((each) => each.first === batch.sequence && each.last === last);
        if (repeated !== undefined) return { code: 0, offset: repeated.offset };
        if (batch.sequence !== known.batches.at(-1)!.last + 1)
          return { code: CODE.outOfOrderSequence, offset: -1 };
      } else if (batch.sequence !== 0) {
        return { code: CODE.outOfOrderSequence, offset: -1 };
      }
    }
    const state = known?.epoch === batch.epoch ? known : { epoch: batch.epoch, batches: [] };
    const offset = log.push(...batch.texts) - batch.texts.length;
    state.batches.push({ first: batch.sequence, last, offset });
    if (state.batches.length > REMEMBERED_BATCHES) state.batches.shift();
    this.producers.set(name, state);
    return { code: 0, offset };
  }

  private responseOf(answers: readonly { batch: ReceivedBatch; code: number; offset: number }[]): Buffer {
    const writer = new RequestWriter(64 + answers.length * 128);
    writer.int32(answers.length);
    for (const { batch, code, offset } of answers) {
      writer.string(batch.topic);
      writer.int32(1);
      writer.int32(batch.partition);
      writer.int16(code);
      writer.int64(BigInt(offset));
      writer.int64(-1n);
    }
    writer.int32(this.throttleMs);
    return writer.written();
  }
}

const batchesIn = (bytes: Buffer): ReceivedBatch[] => {
  const reader = new ResponseReader(bytes);
  reader.skip(2 + 2 + 4);
  const batches: ReceivedBatch[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.string();
    for (let partitions = reader.int32(); partitions > 0; partitions--) {
      const partition = reader.int32();
      batches.push({ topic, partition, ...readBatch(reader.part(reader.int32())) });
    }
  }
  return batches;
};

const readBatch = (reader: ResponseReader): Omit<ReceivedBatch, 'topic' | 'partition'> => {
  reader.skip(8 + 4 + 4 + 1 + 4 + 2 + 4 + 8 + 8);
  const [producerId, epoch, sequence] = [reader.int64(), reader.int16(), reader.int32()];
  const texts = Array.from({ length: reader.int32() }, () => {
    const record = reader.part(reader.varint());
    record.skip(1);
    record.varint();
    record.varint();
    record.varintBytes();
    return String(record.varintBytes());
  });
  return { producerId, epoch, sequence, texts };
};
