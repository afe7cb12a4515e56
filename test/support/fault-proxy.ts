import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ProxiedConnection, resetSocket, type Weather } from './proxied-connection.js';

const HOST = '127.0.0.1';

export interface ProxyRoute {
  /** The port to listen on; 0 takes a free one. */
  readonly listenPort: number;
  readonly targetPort: number;
  readonly targetHost?: string;
}

/** Stands between clients and one broker. What it does to them is said by the `Weather`, and by its methods. */
export class FaultProxy {
  private readonly connections = new Set<ProxiedConnection>();
  private isHeld = false;
  private isRefusing = false;

  private constructor(
    private readonly route: ProxyRoute,
    private readonly weather: Weather,
    private readonly server: Server,
  ) {
    server.on('connection', (client: Socket) => this.onConnection(client));
  }

  static async listen(route: ProxyRoute, weather: Weather): Promise<FaultProxy> {
    // Half-open: an end goes through the delay too, and must not overtake what was sent before it.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const proxy = new FaultProxy(route, weather, server);
    server.listen(route.listenPort, HOST);
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get openConnections(): number {
    return this.connections.size;
  }

  /** Resets all connections, and says how many there were. */
  reset(): number {
    const open = [...this.connections];
    open.forEach((connection) => connection.reset());
    return open.length;
  }

  /** Closes all connections, the broker's half later, and says how many there were. */
  finish(brokerAfterMs: number): number {
    const open = [...this.connections];
    open.forEach((connection) => connection.finish(brokerAfterMs));
    return open.length;
  }

  /** Silence: connections stay open, new ones are taken, and nothing passes. */
  hold(): void {
    this.isHeld = true;
    this.connections.forEach((connection) => connection.hold());
  }

  release(): void {
    this.isHeld = false;
    this.connections.forEach((connection) => connection.release());
  }

  /** Resets all connections, and each new one at once. */
  refuse(): void {
    this.isRefusing = true;
    this.reset();
  }

  accept(): void {
    this.isRefusing = false;
  }

  async close(): Promise<void> {
    this.reset();
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }

  private onConnection(client: Socket): void {
    // A client may be gone before anything is said of errors.
    client.on('error', () => undefined);
    if (this.isRefusing) return resetSocket(client);
    const { targetPort: port, targetHost: host = HOST } = this.route;
    const broker = connect({ host, port, noDelay: true, allowHalfOpen: true });
    const connection = new ProxiedConnection(client, broker, this.weather);
    if (this.isHeld) connection.hold();
    this.connections.add(connection);
    connection.onClose(() => this.connections.delete(connection));
  }
}
