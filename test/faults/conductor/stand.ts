import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka, type Kafka } from '../../broker/kafka.js';
import { FaultyNetwork } from '../../support/faulty-network.js';
import { LeaderMover } from '../../support/leader-mover.js';
import { Replicas } from '../../support/replicas.js';
import { TopicAdmin } from '../../support/topic-admin.js';
import type { BrokerAccess } from '../actors/driver.js';

/** What a window needs that not every cluster lets the suite do. */
export type Power = 'brokers' | 'users' | 'disk';

const HEALED_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 250;

/** What all windows of a run share: the cluster, and the network before it. */
export class Stand {
  private constructor(
    readonly kafka: Kafka,
    readonly network: FaultyNetwork,
    readonly access: BrokerAccess,
    readonly powers: ReadonlySet<Power>,
    readonly topics: TopicAdmin,
    readonly replicas: Replicas,
    readonly leaders: LeaderMover,
  ) {}

  /** Three brokers of its own; with `KAFKA_BROKERS`, those, and proxies before them. */
  static async open(): Promise<Stand> {
    const isGiven = Boolean(process.env.KAFKA_BROKERS?.trim());
    const kafka = await startKafka(isGiven ? {} : { nodes: 3, proxied: true });
    const network = isGiven
      ? await FaultyNetwork.before(kafka.brokers)
      : await FaultyNetwork.open(kafka.routes);
    const access = isGiven
      ? { brokers: kafka.brokers, proxies: Object.fromEntries(network.addresses) }
      : { brokers: kafka.brokers };
    const powers: Power[] = isGiven ? [] : ['brokers'];
    const watched = kafka.direct;
    const topics = await TopicAdmin.open(watched);
    const replicas = await Replicas.open(watched);
    const leaders = await LeaderMover.open(watched);
    return new Stand(kafka, network, access, new Set(powers), topics, replicas, leaders);
  }

  /** No fault any more: the network is calm, and all brokers run and have what they lead. */
  async heal(): Promise<void> {
    this.network.calm();
    if (!this.powers.has('brokers')) return;
    for (let node = 1; node <= this.kafka.nodes; node++)
      if (this.kafka.pid(node) === undefined) await this.kafka.startNode(node);
  }

  /** Resolves when every replica has caught up. @throws which have not */
  async inSync(): Promise<void> {
    if (!this.powers.has('brokers')) return;
    const deadline = performance.now() + HEALED_WITHIN_MS;
    for (;;) {
      const behind = await this.replicas.outOfSync().catch(() => ['all, as nobody answers']);
      if (behind.length === 0) return;
      if (performance.now() > deadline) throw new Error(`Out of sync: ${behind.slice(0, 5).join(', ')}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.topics.close(), this.replicas.close(), this.leaders.close()]);
    await this.network.close();
    await this.kafka.stop();
  }
}
