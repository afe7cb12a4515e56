import { forkedPeer } from '../forked-peer.js';
import { npmPackages } from '../npm-packages.js';
import { failureOf } from '../run-tool.js';
import { findNode22 } from './node22.js';

const PACKAGES = {
  peer: 'moleculer',
  versions: { moleculer: '0.15.2', '@platformatic/kafka': '2.12.1' },
} as const;

/** Its topics, of one partition each, are created by Moleculer itself, as in an application. */
export const moleculer = forkedPeer({
  name: 'moleculer',
  title: 'Moleculer 0.15 with its Kafka transporter, as it comes',
  module: import.meta.url,
  unavailable: async (tell) => {
    const found = await findNode22();
    return 'missing' in found ? found.missing : failureOf(npmPackages(PACKAGES, tell));
  },
  surround: async () => {
    const found = await findNode22();
    if ('missing' in found) throw new Error(found.missing);
    return { node: found.node, args: [await npmPackages(PACKAGES, () => undefined)] };
  },
});
