import type { Kafka } from '../../broker/kafka.js';
import type { FaultyNetwork } from '../../support/faulty-network.js';
import type { SeededRandom } from '../../support/seeded-random.js';
import type { Cast } from '../conductor/cast.js';
import type { Power, Stand } from '../conductor/stand.js';
import type { WindowPromise } from '../witnesses/evidence.js';

/** A fault, and what is promised while it lasts. */
export interface FaultWindow {
  readonly name: string;
  /** Not run where the suite has no such power. @default none */
  readonly needs?: readonly Power[];
  /** Part of `npm test`. @default false */
  readonly isShort?: boolean;
  /** Who servers and clients are to the brokers: one with the rights that they need, and no other. @default one who may do everything */
  readonly user?: 'limited';
  /** Options of Node for all servers and clients. @default none */
  readonly nodeOptions?: readonly string[];
  /** @default all promises hold */
  readonly promise?: WindowPromise;
  /** Does it, and resolves when it is over. What it leaves of a broken network and dead brokers is mended behind it. */
  readonly happen: (scene: Scene) => Promise<void>;
}

/** What a fault has to work with. */
export interface Scene {
  readonly stand: Stand;
  readonly kafka: Kafka;
  readonly network: FaultyNetwork;
  readonly cast: Cast;
  readonly random: SeededRandom;
  /** The fault has really happened, or the window is void. */
  happened(what: string, isSo: boolean): void;
  /** A server went without an end in order, or the group took it for dead. */
  crashed(servers?: number): void;
  /** The leader of a partition of this topic, by chance. */
  someLeader(topic: string): Promise<number>;
  /** The node that coordinates the servers' group. */
  coordinator(): Promise<number>;
}
