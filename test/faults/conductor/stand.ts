import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka, type Kafka } from '../../broker/kafka.js';
import { AccessControl } from '../../support/access-control.js';
import { FaultyNetwork } from '../../support/faulty-network.js';
import { LeaderMover } from '../../support/leader-mover.js';
import { Replicas } from '../../support/replicas.js';
import { TopicAdmin } from '../../support/topic-admin.js';
import type { BrokerAccess } from '../actors/driver.js';
import { SmallDisk } from './small-disk.js';

/** What a window needs that not every cluster lets the suite do. */
export type Power = 'brokers' | 'users' | 'disk';

/** The node whose data are on a disk that can be filled. */
export const NODE_WITH_SMALL_DISK = 3;

/** Who may do all, and who only what a window gives. */
const USERS = { everything: 'everything-secret', limited: 'limited-secret' } as const;
const SUPER_USERS = 'User:ANONYMOUS;User:everything';

const HEALED_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 250;

interface StandParts {
  readonly kafka: Kafka;
  readonly network: FaultyNetwork;
  /** Of brokers that are not the suite's: their proxies, by their addresses. */
  readonly proxies?: Readonly<Record<string, number>>;
  readonly rights?: AccessControl;
  readonly disk?: SmallDisk;
  readonly topics: TopicAdmin;
  readonly replicas: Replicas;
  readonly leaders: LeaderMover;
}

/** What all windows of a run share: the cluster, and the network before it. */
export class Stand {
  readonly kafka: Kafka;
  readonly network: FaultyNetwork;
  readonly topics: TopicAdmin;
  readonly replicas: Replicas;
  readonly leaders: LeaderMover;

  private constructor(private readonly parts: StandParts) {
    ({
      kafka: this.kafka,
      network: this.network,
      topics: this.topics,
      replicas: this.replicas,
      leaders: this.leaders,
    } = parts);
  }

  /** Three brokers of its own; with `KAFKA_BROKERS`, those, and proxies before them. */
  static async open(): Promise<Stand> {
    const isGiven = Boolean(process.env.KAFKA_BROKERS?.trim());
    const { kafka, ...own } = isGiven ? { kafka: await startKafka() } : await ownCluster();
    const [topics, replicas, leaders] = await Promise.all([
      TopicAdmin.open(kafka.direct),
      Replicas.open(kafka.direct),
      LeaderMover.open(kafka.direct),
    ]);
    const network = isGiven
      ? await FaultyNetwork.before([...new Set([...kafka.brokers, ...(await replicas.addresses())])])
      : await FaultyNetwork.open(kafka.routes);
    const proxies = isGiven ? Object.fromEntries(network.addresses) : undefined;
    return new Stand({ kafka, network, proxies, ...own, topics, replicas, leaders });
  }

  get powers(): ReadonlySet<Power> {
    const { rights, disk, proxies } = this.parts;
    const all: (Power | undefined)[] = [
      proxies === undefined ? 'brokers' : undefined,
      rights && 'users',
      disk && 'disk',
    ];
    return new Set(all.filter((power) => power !== undefined));
  }

  /** Gives rights and takes them. @throws where the suite cannot */
  get rights(): AccessControl {
    if (this.parts.rights === undefined) throw new Error('This cluster has no users.');
    return this.parts.rights;
  }

  /** @throws where there is none */
  get disk(): SmallDisk {
    if (this.parts.disk === undefined) throw new Error('No broker of this cluster has a small disk.');
    return this.parts.disk;
  }

  /** How a client comes to the brokers. */
  access(user: keyof typeof USERS = 'everything'): BrokerAccess {
    const { kafka, proxies, rights } = this.parts;
    const login = rights && { username: user, password: USERS[user] };
    return { brokers: kafka.brokers, proxies, user: login };
  }

  /** No fault any more: the network is calm, and all brokers run and have what they lead. */
  async heal(): Promise<void> {
    this.network.calm();
    this.parts.disk?.empty();
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
    const { rights, disk } = this.parts;
    await Promise.all([this.topics.close(), this.replicas.close(), this.leaders.close(), rights?.close()]);
    await this.network.close();
    await this.kafka.stop();
    disk?.close();
  }
}

/** Three brokers, with users, one of them on a small disk where the machine lets us have one. */
async function ownCluster(): Promise<Pick<StandParts, 'kafka' | 'rights' | 'disk'>> {
  const disk = SmallDisk.open();
  const kafka = await startKafka({
    nodes: 3,
    proxied: true,
    killable: true,
    users: USERS,
    config: { 'super.users': SUPER_USERS },
    ...(disk && { dataFolders: { [NODE_WITH_SMALL_DISK]: disk.folder } }),
  });
  return { kafka, disk, rights: await AccessControl.open(kafka.direct) };
}
