import { forkedPeer } from '../forked-peer.js';

export const nestTcp = forkedPeer({
  name: 'nest-tcp',
  title: "Nest's own Transport.TCP, as it comes: no broker, nothing kept",
  module: import.meta.url,
});
