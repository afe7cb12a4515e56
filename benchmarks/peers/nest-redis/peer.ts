import { brokeredPeer } from '../nest/brokered-peer.js';

export const nestRedis = brokeredPeer({
  name: 'nest-redis',
  title: "Nest's own Transport.REDIS, as it comes: nothing kept",
  module: import.meta.url,
  broker: {
    program: 'redis-server',
    debianPackage: 'redis-server',
    args: (port, folder) => ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--dir', folder],
  },
  versions: { ioredis: '6.0.0' },
});
