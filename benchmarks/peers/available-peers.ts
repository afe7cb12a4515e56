import type { Peer } from './peer.js';

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
): Promise<readonly Peer[]> {
  const wanted = names.length === 0 ? all : names.map((name) => peerOfName(all, name));
  const available: Peer[] = [];
  for (const peer of wanted) {
    const reason = await peer.unavailable?.(tell);
    if (reason === undefined) available.push(peer);
    else if (names.length > 0) throw new Error(`${peer.name} cannot be measured here: ${reason}`);
    else tell(`Skipping ${peer.name}: ${reason}`);
  }
  return available;
}

function peerOfName(all: readonly Peer[], name: string): Peer {
  const peer = all.find((candidate) => candidate.name === name);
  if (peer !== undefined) return peer;
  throw new Error(`There is no peer "${name}": ${all.map((each) => each.name).join(', ')} are there`);
}
