import { connect as connectTcp } from 'node:net';
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
  // kafkajs unrefs a socket each time that it is told to disconnect, and Node notes each until the socket connects, which a
  // broken one never does: they go with the socket, and are no leak to warn of.
  socket.setMaxListeners(0);
  return socket;
};

const isIpAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);
