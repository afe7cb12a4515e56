import { connect, type Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';

/** Where a request says what it asks for: behind its length. @see https://kafka.apache.org/protocol.html#protocol_messages */
const API_KEY_AT = 4;
const FETCH = 1;
const HEARTBEAT = 12;

/** What a process has asked of brokers so far, and how many connections to them it has. */
export interface BrokerRequests {
  readonly fetches: number;
  readonly heartbeats: number;
  readonly others: number;
  readonly connections: number;
}

/** Sockets for a driver that count its requests: kafkajs writes each of them at once. */
export class CountedSockets {
  private readonly sockets = new Set<Socket>();
  private readonly requests = { fetches: 0, heartbeats: 0, others: 0 };

  /** Without TLS. */
  readonly create: ISocketFactory = ({ host, port, onConnect }) => {
    const socket = connect({ host, port, noDelay: true }, onConnect);
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]): boolean => {
      this.count(args[0] as Buffer);
      return write(...args);
    };
    this.sockets.add(socket);
    return socket.on('close', () => this.sockets.delete(socket));
  };

  counted(): BrokerRequests {
    return { ...this.requests, connections: this.sockets.size };
  }

  private count(request: Buffer): void {
    const apiKey = request.readInt16BE(API_KEY_AT);
    if (apiKey === FETCH) this.requests.fetches += 1;
    else if (apiKey === HEARTBEAT) this.requests.heartbeats += 1;
    else this.requests.others += 1;
  }
}
