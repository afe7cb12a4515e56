import type { BenchmarkContext } from '../benchmark.js';
import type { StartedPeer } from '../measure/rounds.js';
import type { Peer, PeerBroker } from './peer.js';

/** Starts peers one after the other. They end with the benchmark, or when they are stopped. */
export async function startPeers(
  peers: readonly Peer[],
  broker: PeerBroker,
  { teardown, progress }: Pick<BenchmarkContext, 'teardown' | 'progress'>,
): Promise<StartedPeer[]> {
  const started: StartedPeer[] = [];
  for (const peer of peers) {
    progress(`Starting ${peer.name}`);
    const handle = await peer.start(broker);
    teardown.add(peer.name, () => handle.stop());
    started.push({ name: peer.name, handle });
  }
  return started;
}
