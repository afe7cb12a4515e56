import type { Acks, ProduceAck } from '../driver.js';
import type { ProducerRecord } from '../record.js';
import { backoffMs, sleep } from './backoff.js';
import type { ClusterLink } from './cluster-link.js';
import { errorType, isRetriable, toRpcError } from './kafkajs-errors.js';
import { produceRequest, type ProduceBatch } from './requests/produce.js';

/** The broker's own time limit for in-sync replicas to follow. */
const REPLICATION_TIMEOUT_MS = 10_000;

/** What was sent to one leader, or could not be. */
interface Failed {
  readonly nodeId: number | undefined;
  readonly records: readonly ProducerRecord[];
  readonly error: unknown;
}

/**
 * Appends batches: one produce request per leader.
 *
 * Records whose fate is not known, or whose leader moved, are sent again: they may then stand twice in the log, which callers
 * and servers above are made for (at least once). What the broker appended is not sent again with what it refused.
 */
export class Producer {
  constructor(
    private readonly link: ClusterLink,
    private readonly retries: number,
    private readonly closing: AbortSignal,
  ) {}

  async produce(records: readonly ProducerRecord[], acks: Acks): Promise<readonly ProduceAck[]> {
    const unknown = records.filter(({ topic }) => !this.link.knows(topic));
    if (unknown.length > 0) await this.link.addTopics([...new Set(unknown.map(({ topic }) => topic))]);
    const done: ProduceAck[] = [];
    let left = records;
    for (let attempt = 0; ; attempt++) {
      const failed = await this.attempt(left, acks, done);
      if (failed.length === 0) return done;
      left = failed.flatMap((each) => each.records);
      await this.prepareRetry(failed, attempt);
    }
  }

  private async attempt(
    records: readonly ProducerRecord[],
    acks: Acks,
    done: ProduceAck[],
  ): Promise<readonly Failed[]> {
    const failed: Failed[] = [];
    const shares = [...this.batchesByLeader(records)];
    const send = async ([nodeId, batches]: (typeof shares)[number]): Promise<void> => {
      try {
        await this.send(nodeId, batches, acks, { done, failed });
      } catch (error) {
        failed.push({ nodeId, records: batches.flatMap((batch) => batch.records), error });
      }
    };
    await (shares[0] !== undefined && shares.length === 1 ? send(shares[0]) : Promise.all(shares.map(send)));
    return failed;
  }

  private async send(
    nodeId: number | undefined,
    batches: readonly ProduceBatch[],
    acks: Acks,
    { done, failed }: { readonly done: ProduceAck[]; readonly failed: Failed[] },
  ): Promise<void> {
    if (nodeId === undefined) throw leaderUnknown();
    const produced = await this.link.send(nodeId, produceRequest(batches, acks, REPLICATION_TIMEOUT_MS));
    for (const { topic, partition, error, baseOffset, appendTimeMs } of produced) {
      if (errorType(error) === 'TOPIC_AUTHORIZATION_FAILED')
        this.link.denied({ operation: 'Write', topic, error });
      if (error === undefined) done.push({ topic, partition, baseOffset, appendTimeMs });
      else failed.push({ nodeId, records: recordsOf(batches, topic, partition), error });
    }
  }

  private async prepareRetry(failed: readonly Failed[], attempt: number): Promise<void> {
    const worst = failed.find(({ error }) => !isRetriable(error)) ?? failed[0];
    if (worst === undefined) return;
    if (attempt >= this.retries || !isRetriable(worst.error) || this.closing.aborted) {
      throw toRpcError(worst.error, `produce to ${describe(worst.records)}`);
    }
    await sleep(backoffMs(attempt), this.closing);
    for (const { error, nodeId } of failed) await this.link.recover(error, nodeId);
  }

  private batchesByLeader(records: readonly ProducerRecord[]): Map<number | undefined, ProduceBatch[]> {
    const shares = new Map<number | undefined, MutableBatch[]>();
    for (const record of records) {
      const { topic, partition } = record;
      const leader = this.link.leaderOf(record);
      let batches = shares.get(leader);
      if (batches === undefined) shares.set(leader, (batches = []));
      const batch = batches.find((known) => known.partition === partition && known.topic === topic);
      if (batch === undefined) batches.push({ topic, partition, records: [record] });
      else batch.records.push(record);
    }
    return shares;
  }
}

interface MutableBatch extends ProduceBatch {
  readonly records: ProducerRecord[];
}

const recordsOf = (
  batches: readonly ProduceBatch[],
  topic: string,
  partition: number,
): readonly ProducerRecord[] =>
  batches.find((batch) => batch.partition === partition && batch.topic === topic)?.records ?? [];

const leaderUnknown = (): Error =>
  Object.assign(new Error('The partition has no leader.'), { type: 'LEADER_NOT_AVAILABLE' });

const describe = (records: readonly ProducerRecord[]): string => {
  const places = [...new Set(records.map(({ topic, partition }) => `${topic}[${partition}]`))];
  return places.length <= 3
    ? places.join(', ')
    : `${places.slice(0, 3).join(', ')} and ${places.length - 3} more`;
};
