import { createHash } from 'node:crypto';
import { compression, encryption, keyring, verification, type WireInterceptor } from 'nestjs-kafka-rpc';
import { kafkajsDriver } from 'nestjs-kafka-rpc/kafkajs';
import type { PeerBroker } from '../peers/peer.js';
import type { CountedSockets } from './counted-sockets.js';

/** Which wire stages a fleet has, on both sides. */
export type Stages = 'plain' | 'compression' | 'encryption' | 'verification' | 'all';

/** Servers and clients of this package that talk to each other and to nobody else. */
export interface FleetSettings extends PeerBroker {
  /** Tells the fleets of a run apart: their topics and their group begin with it. */
  readonly fleet: string;
  /** @default 'plain' */
  readonly stages?: Stages;
  /** @default the package's own number */
  readonly replyPartitions?: number;
  /** For fleets whose calls are open all at once. @default the package's own limits */
  readonly openCalls?: number;
  /** For calls that outlive the session of a server that was killed. @default the package's own deadline */
  readonly timeoutMs?: number;
  /** Whether requests to brokers are counted, at some cost. @default false */
  readonly countsRequests?: boolean;
}

/** No secret: it protects records that live as long as a run. */
const KEY = createHash('sha256').update('a key for benchmarks').digest();

/** What client and server have in common; all that is not named in the settings is as it comes. */
export const wireOptions = (settings: FleetSettings, sockets: CountedSockets) => ({
  ...serviceOptions(settings),
  driver: kafkajsDriver({
    brokers: [...settings.brokers],
    ...(settings.countsRequests === true && { socketFactory: sockets.create }),
  }),
});

/** The same without a driver. */
export const serviceOptions = (settings: FleetSettings) => ({
  service: 'bench',
  topics: { prefix: `${settings.prefix}${settings.fleet}.` },
  partitions: settings.partitions,
  ...(settings.replyPartitions !== undefined && { replyPartitions: settings.replyPartitions }),
  interceptors: interceptorsOf(settings.stages ?? 'plain'),
});

function interceptorsOf(stages: Stages): WireInterceptor[] {
  const ring = keyring({ current: 'bench', keys: { bench: KEY } });
  const each = {
    compression: () => compression(),
    encryption: () => encryption({ keyring: ring }),
    verification: () => verification({ keyring: ring }),
  };
  if (stages === 'plain') return [];
  if (stages === 'all') return [each.compression(), each.encryption(), each.verification()];
  return [each[stages]()];
}
