import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka as KafkaClient, logLevel } from 'kafkajs';

const ANSWER_WITHIN_MS = 60_000;
const RETRY_AFTER_MS = 100;

/** What has to be true of a cluster, asked at one node. */
export interface ReadyQuestion {
  /** The node's client address. */
  readonly broker: string;
  /** Node ids that it must count among the living. */
  readonly seen: readonly number[];
  /** True once waiting has no point, because the node's process ended. */
  readonly gone: () => boolean;
}

/** Resolves true when the node answers a real request and sees the nodes asked for, false when it will not. */
export async function answers(question: ReadyQuestion): Promise<boolean> {
  const end = Date.now() + ANSWER_WITHIN_MS;
  while (!question.gone() && Date.now() < end) {
    const living = await livingNodes(question.broker);
    if (question.seen.every((id) => living.includes(id))) return true;
    await sleep(RETRY_AFTER_MS);
  }
  return false;
}

async function livingNodes(broker: string): Promise<number[]> {
  const admin = new KafkaClient({
    clientId: 'harness-ready',
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.map(({ nodeId }) => nodeId);
  } catch {
    return [];
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
