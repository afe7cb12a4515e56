import { brokeredPeer } from '../nest/brokered-peer.js';

export const nestNats = brokeredPeer({
  name: 'nest-nats',
  title: "Nest's own Transport.NATS, as it comes: nothing kept",
  module: import.meta.url,
  broker: {
    program: 'nats-server',
    debianPackage: 'nats-server',
    args: (port) => ['--addr', '127.0.0.1', '--port', String(port)],
  },
  versions: { '@nats-io/transport-node': '3.4.0' },
});
