import type { Peer } from './peer.js';

/** Who takes part in a run, and who cannot. */
export interface ChosenPeers {
  readonly peers: readonly Peer[];
  readonly skipped: readonly SkippedPeer[];
}

export interface SkippedPeer {
  readonly name: string;
  /** What is missing here, and how to install it. */
  readonly reason: string;
}

/**
 * The peers of these names, or all that this machine can run: what somebody named must be measured, what nobody
 * named may be absent, with a line that says why.
 *
 * @throws Error for a name that no peer has, and for a named peer that cannot run here
 */
export async function availablePeers(
  all: readonly Peer[],
  names: readonly string[],
  tell: (line: string) => void,
): Promise<ChosenPeers> {
  const wanted = names.length === 0 ? all : names.map((name) => peerOfName(all, name));
  const peers: Peer[] = [];
  const skipped: SkippedPeer[] = [];
  for (const peer of wanted) {
    const reason = await peer.unavailable?.(tell);
    if (reason === undefined) peers.push(peer);
    else if (names.length > 0) throw new Error(`${peer.name} cannot be measured here: ${reason}`);
    else {
      skipped.push({ name: peer.name, reason });
      tell(`Skipping ${peer.name}: ${reason}`);
    }
  }
  return { peers, skipped };
}

function peerOfName(all: readonly Peer[], name: string): Peer {
  const peer = all.find((candidate) => candidate.name === name);
  if (peer !== undefined) return peer;
  throw new Error(`There is no peer "${name}": ${all.map((each) => each.name).join(', ')} are there`);
}
