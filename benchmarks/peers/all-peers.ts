import { availablePeers, type ChosenPeers } from './available-peers.js';
import { before } from './before/peer.js';
import { floorFrames } from './floor-frames/peer.js';
import { floor } from './floor/peer.js';
import { kafkaRpc } from './kafka-rpc/peer.js';
import { moleculer } from './moleculer/peer.js';
import { nestKafka } from './nest-kafka/peer.js';
import { nestNats } from './nest-nats/peer.js';
import { nestRedis } from './nest-redis/peer.js';
import { nestTcp } from './nest-tcp/peer.js';
import { ours } from './ours/peer.js';
import type { Peer } from './peer.js';
import { spring, springTuned } from './spring/peer.js';

const ALL: readonly Peer[] = [
  ours,
  before,
  nestKafka,
  nestTcp,
  floor,
  floorFrames,
  spring,
  springTuned,
  moleculer,
  nestRedis,
  nestNats,
  kafkaRpc,
];

/** @see availablePeers */
export const choosePeers = (names: readonly string[], tell: (line: string) => void): Promise<ChosenPeers> =>
  availablePeers(ALL, names, tell);
