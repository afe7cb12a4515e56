import { connect, type Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';

/** Where a request says what it asks for: behind its length. @see https://kafka.apache.org/protocol.html#protocol_messages */
const API_KEY_AT = 4;

/** What requests are told apart by. @see https://kafka.apache.org/protocol.html#protocol_api_keys */
export const ApiKey = { produce: 0, fetch: 1, heartbeat: 12 } as const;

export interface SocketWatch {
  onOpen?(socket: Socket): void;
  /** Just before a request is written: kafkajs, and the driver, write each of them at once. */
  onRequest(apiKey: number, socket: Socket): void;
  /** Before anybody else hears of what has arrived. */
  onData?(socket: Socket): void;
}

/** Sockets for a driver, without TLS, of which somebody else hears too. */
export const watchedSockets =
  ({ onOpen, onRequest, onData }: SocketWatch): ISocketFactory =>
  ({ host, port, onConnect }) => {
    const socket = connect({ host, port, noDelay: true }, onConnect);
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (...args: unknown[]): boolean => {
      onRequest((args[0] as Buffer).readInt16BE(API_KEY_AT), socket);
      return write(...args);
    };
    if (onData !== undefined) socket.on('data', () => onData(socket));
    onOpen?.(socket);
    return socket;
  };
