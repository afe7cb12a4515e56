import { floorFrames } from './floor-frames/peer.js';
import { floor } from './floor/peer.js';
import { nestKafka } from './nest-kafka/peer.js';
import { nestTcp } from './nest-tcp/peer.js';
import { ours } from './ours/peer.js';
import type { Peer } from './peer.js';

const ALL: readonly Peer[] = [ours, nestKafka, nestTcp, floor, floorFrames];

/** The peers of these names, or all. @throws Error for a name that no peer has. */
export function choosePeers(names: readonly string[]): readonly Peer[] {
  if (names.length === 0) return ALL;
  return names.map((name) => {
    const peer = ALL.find((candidate) => candidate.name === name);
    if (peer !== undefined) return peer;
    throw new Error(`There is no peer "${name}": ${ALL.map((each) => each.name).join(', ')} are there`);
  });
}
