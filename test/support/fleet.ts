import { eventually } from '../conformance/eventually.js';
import { inAll, type CallTrace, type LoadOptions, type LoadReport } from './call-load.js';
import type { LiveCluster } from './live-cluster.js';
import type { Program } from './program.js';

export interface FleetOptions {
  readonly servers: number;
  readonly callers: number;
  /** Of all callers together. */
  readonly callsPerSecond: number;
  readonly load?: LoadOptions;
  readonly serverSettings?: object;
  readonly clientSettings?: object;
}

/** How long the load may take to get going, and to get on again once a fault is over. */
const UNDER_WAY_WITHIN_MS = 60_000;

/** Servers and callers around a cluster, in processes of their own, and what becomes of their calls while something is done to them. */
export class Fleet {
  readonly servers: Program[] = [];

  private constructor(
    private readonly cluster: LiveCluster,
    private readonly options: FleetOptions,
    readonly service: string,
    readonly clients: Program,
  ) {}

  /** All serve, and all callers are connected, when this resolves. */
  static async start(cluster: LiveCluster, options: FleetOptions): Promise<Fleet> {
    const service = cluster.newService('fleet');
    const start = (): Promise<Program> => cluster.startServer({ ...options.serverSettings, service });
    // The first one makes the topics.
    const first = await start();
    const others = Array.from({ length: options.servers - 1 }, start);
    const services = Array.from({ length: options.callers }, () => service);
    const callers = await cluster.startClients(services, options.clientSettings);
    const fleet = new Fleet(cluster, options, service, callers);
    fleet.servers.push(first, ...(await Promise.all(others)));
    return fleet;
  }

  async addServer(): Promise<Program> {
    const server = await this.prepareServer();
    await server.ask('listen');
    return server;
  }

  /** A process that is ready to `listen`, which only then makes it one of the servers. */
  async prepareServer(): Promise<Program> {
    const { serverSettings } = this.options;
    const settings = { ...serverSettings, service: this.service, isIdle: true };
    const server = await this.cluster.startServer(settings);
    this.servers.push(server);
    return server;
  }

  /** Ends the oldest server in order, as a deployment does. */
  async removeServer(): Promise<void> {
    await this.servers.shift()?.kill('SIGTERM');
  }

  /** Makes calls at a steady rate before, while and after `work` is done, and gives what became of all of them. */
  async during(work: () => Promise<void>): Promise<LoadReport> {
    const { callsPerSecond, callers, load } = this.options;
    await this.clients.ask('start', { perSecond: callsPerSecond / callers, ...load });
    await this.answersGrow(callsPerSecond * 2);
    await work();
    await this.answersGrow(callsPerSecond * 2);
    return inAll(await this.clients.ask<LoadReport[]>('stop'));
  }

  /** The answered calls of the last load, which had `isTraced`. */
  traces(): Promise<CallTrace[]> {
    return this.clients.ask('traces');
  }

  private async answersGrow(by: number): Promise<void> {
    const answers = (): Promise<number> => this.clients.ask<number>('answers');
    const before = await answers();
    await eventually(UNDER_WAY_WITHIN_MS, async () => expect(await answers()).toBeGreaterThan(before + by));
  }
}
