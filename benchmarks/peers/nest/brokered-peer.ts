import { forkedPeer } from '../forked-peer.js';
import { missingProgram, startLocalServer, type LocalServerPlan } from '../local-server.js';
import { npmPackages } from '../npm-packages.js';
import type { Peer } from '../peer.js';
import { failureOf } from '../run-tool.js';

export interface BrokeredPeerPlan {
  readonly name: string;
  readonly title: string;
  /** The module that defines the peer: `server.js` and `client.js` stand beside it, and are given folder and port. */
  readonly module: string;
  readonly broker: LocalServerPlan;
  /** The client packages that Nest loads by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** One of Nest's own transports over a broker of its own, which is started for the run. */
export function brokeredPeer({ name, title, module, broker, versions }: BrokeredPeerPlan): Peer {
  const packages = { peer: name, versions };
  return forkedPeer({
    name,
    title,
    module,
    unavailable: async (tell) => (await missingProgram(broker)) ?? failureOf(npmPackages(packages, tell)),
    surround: async () => {
      const folder = await npmPackages(packages, () => undefined);
      const { port, pid, stop } = await startLocalServer(broker);
      return { args: [folder, String(port)], brokerPid: pid, end: stop };
    },
  });
}
