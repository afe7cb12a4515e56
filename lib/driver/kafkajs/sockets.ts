import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

const KEEP_ALIVE_MS = 60_000;

/** Sockets that send at once: Nagle's algorithm would hold back what is pipelined behind an unacknowledged request. */
export const promptSockets: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  // Kafka's own port default is not Node's: an IP address must not be sent as a server name (RFC 6066, 3).
  const socket = ssl
    ? connectTls({ host, port, servername: isIpAddress(host) ? '' : host, ...ssl }, onConnect)
    : connectTcp({ host, port }, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return socket;
};

const isIpAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);

/** kafkajs takes an address apart at its first colon. @returns `[::1]:9092` as `[||1]:9092`, which `hostOf` reads; others as they are */
export const seedAddress = (address: string): string =>
  address.replace(/^\[.*\]/, (host) => host.replaceAll(':', '|'));

const hostOf = (host: string): string => /^\[(.*)\]$/.exec(host)?.[1]?.replaceAll('|', ':') ?? host;

/** The sockets of one connection, whoever makes them: none of them outlives it. */
export class OwnSockets {
  private readonly open = new Set<Socket>();
  private isClosed = false;

  /** @param make kafkajs' factory, or the user's own */
  constructor(private readonly make: ISocketFactory) {}

  readonly factory: ISocketFactory = (options) => {
    if (this.isClosed) throw new Error('the connection was closed');
    const socket = this.make({ ...options, host: hostOf(options.host) });
    unrefOnce(socket);
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
    return socket;
  };

  /** Ends every socket now, with what waits on it, and lets no new one be made. Idempotent. */
  destroy(): void {
    this.isClosed = true;
    for (const socket of this.open) socket.destroy(new Error('the connection was closed'));
  }
}

/**
 * kafkajs unrefs a socket each time that it is told to disconnect, and Node notes each until the socket connects, which a broken
 * one never does: at the eleventh it would warn of a leak.
 */
const unrefOnce = (socket: Socket): void => {
  const unref = socket.unref.bind(socket);
  let isUnref = false;
  socket.unref = () => {
    if (isUnref) return socket;
    isUnref = true;
    return unref();
  };
};
