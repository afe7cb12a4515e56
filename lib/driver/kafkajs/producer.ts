import type { Message } from 'kafkajs';
import type { Acks, ProduceAck } from '../driver.js';
import type { ProducerRecord } from '../record.js';
import { backoffMs, sleep } from './backoff.js';
import type { ProducedTopic, ProduceRequest } from './captured-cluster.js';
import type { ClusterLink } from './cluster-link.js';
import { isRetriable, toRpcError } from './kafkajs-errors.js';

/** The broker's own time limit for in-sync replicas to follow. */
const REPLICATION_TIMEOUT_MS = 10_000;

/** One leader's share of a batch. */
interface Share {
  readonly nodeId: number | undefined;
  readonly records: readonly ProducerRecord[];
}

interface FailedShare {
  readonly share: Share;
  readonly error: unknown;
}

/**
 * Appends batches: one produce request per leader.
 *
 * A share whose fate is not known, or whose leader moved, is sent again: its records may then stand twice in the log,
 * which callers and servers above are made for (at least once).
 */
export class Producer {
  constructor(
    private readonly link: ClusterLink,
    private readonly retries: number,
    private readonly closing: AbortSignal,
  ) {}

  async produce(records: readonly ProducerRecord[], acks: Acks): Promise<readonly ProduceAck[]> {
    await this.link.addTopics(topicsOf(records));
    const done: ProduceAck[] = [];
    let left = records;
    for (let attempt = 0; ; attempt++) {
      const failed = await this.attempt(left, acks, done);
      if (failed.length === 0) return done;
      left = failed.flatMap(({ share }) => share.records);
      await this.prepareRetry(failed, attempt);
    }
  }

  private async attempt(
    records: readonly ProducerRecord[],
    acks: Acks,
    done: ProduceAck[],
  ): Promise<FailedShare[]> {
    const failed: FailedShare[] = [];
    const send = async (share: Share): Promise<void> => {
      try {
        done.push(...(await this.send(share, acks)));
      } catch (error) {
        failed.push({ share, error });
      }
    };
    await Promise.all(this.sharesOf(records).map(send));
    return failed;
  }

  private async send({ nodeId, records }: Share, acks: Acks): Promise<ProduceAck[]> {
    if (nodeId === undefined) throw leaderUnknown();
    const broker = await this.link.broker(nodeId);
    const request = { topicData: topicData(records), acks, timeout: REPLICATION_TIMEOUT_MS };
    const { topics } = await broker.produce(request);
    return acksOf(topics);
  }

  private async prepareRetry(failed: readonly FailedShare[], attempt: number): Promise<void> {
    const worst = failed.find(({ error }) => !isRetriable(error)) ?? failed[0];
    if (worst === undefined) return;
    if (attempt >= this.retries || !isRetriable(worst.error) || this.closing.aborted) {
      throw toRpcError(worst.error, `produce to ${describe(worst.share.records)}`);
    }
    await sleep(backoffMs(attempt), this.closing);
    for (const { error, share } of failed) await this.link.recover(error, share.nodeId);
  }

  private sharesOf(records: readonly ProducerRecord[]): Share[] {
    const byLeader = new Map<number | undefined, ProducerRecord[]>();
    for (const record of records) {
      const leader = this.link.leaderOf(record);
      const share = byLeader.get(leader);
      if (share === undefined) byLeader.set(leader, [record]);
      else share.push(record);
    }
    return [...byLeader].map(([nodeId, share]) => ({ nodeId, records: share }));
  }
}

const leaderUnknown = (): Error =>
  Object.assign(new Error('The partition has no leader.'), { type: 'LEADER_NOT_AVAILABLE' });

const topicsOf = (records: readonly ProducerRecord[]): string[] => [
  ...new Set(records.map(({ topic }) => topic)),
];

const topicData = (records: readonly ProducerRecord[]): ProduceRequest['topicData'] => {
  const topics = new Map<string, Map<number, Message[]>>();
  for (const record of records) {
    const partitions = topics.get(record.topic) ?? new Map<number, Message[]>();
    topics.set(record.topic, partitions);
    const messages = partitions.get(record.partition) ?? [];
    partitions.set(record.partition, messages);
    messages.push({ key: record.key ?? null, value: record.value, headers: headersOf(record) });
  }
  return [...topics].map(([topic, partitions]) => ({
    topic,
    partitions: [...partitions].map(([partition, messages]) => ({ partition, messages })),
  }));
};

const headersOf = ({ headers = {} }: ProducerRecord): Record<string, Buffer | Buffer[]> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.isBuffer(value) ? value : [...value]]),
  );

const acksOf = (topics: readonly ProducedTopic[]): ProduceAck[] =>
  topics.flatMap(({ topicName, partitions }) =>
    partitions.map(({ partition, baseOffset, logAppendTime }) => ({
      topic: topicName,
      partition,
      baseOffset: BigInt(baseOffset),
      appendTimeMs: Number(logAppendTime),
    })),
  );

const describe = (records: readonly ProducerRecord[]): string => {
  const places = [...new Set(records.map(({ topic, partition }) => `${topic}[${partition}]`))];
  return places.length <= 3
    ? places.join(', ')
    : `${places.slice(0, 3).join(', ')} and ${places.length - 3} more`;
};
