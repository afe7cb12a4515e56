import type { Socket } from 'node:net';
import { ApiKey, watchedSockets } from './watched-sockets.js';

/** What a process has asked of brokers so far, and how many connections to them it has. */
export interface BrokerRequests {
  readonly fetches: number;
  readonly heartbeats: number;
  readonly others: number;
  readonly connections: number;
}

/** Sockets for a driver that count its requests. */
export class CountedSockets {
  private readonly sockets = new Set<Socket>();
  private readonly requests = { fetches: 0, heartbeats: 0, others: 0 };

  readonly create = watchedSockets({
    onOpen: (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    },
    onRequest: (apiKey) => this.count(apiKey),
  });

  counted(): BrokerRequests {
    return { ...this.requests, connections: this.sockets.size };
  }

  private count(apiKey: number): void {
    if (apiKey === ApiKey.fetch) this.requests.fetches += 1;
    else if (apiKey === ApiKey.heartbeat) this.requests.heartbeats += 1;
    else this.requests.others += 1;
  }
}
