import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchmarkContext } from '../benchmark.js';
import { startClients, startServer, type FleetClient, type FleetServer } from '../fleet/fleet.js';
import type { FleetSettings } from '../fleet/settings.js';

/** What a client that comes and goes does before it goes. */
const FEW_CALLS = { work: { kind: 'sum' }, load: { callsPerSecond: 50, seconds: 2, callers: 3 } } as const;
/** What one that is killed is in the middle of. */
const OPEN_STREAMS = {
  work: { kind: 'stream', values: 10_000 },
  load: { callsPerSecond: 20, seconds: 10, callers: 3 },
} as const;
const KILLED_AFTER_MS = 1_000;
const CLIENTS_AT_ONCE = 3;
/** Each second step begins with a server that comes, or one that goes. */
const STEPS_PER_MOVE = 2;

/** Clients and servers that come, work and go, in order or by SIGKILL in turn. */
export class Churn {
  readonly counts = { clients: 0, clientsKilled: 0, servers: 0, serversKilled: 0 };
  private guest: FleetServer | undefined;

  constructor(
    private readonly settings: FleetSettings,
    private readonly context: BenchmarkContext,
  ) {}

  get summary(): string {
    const { clients, clientsKilled, servers, serversKilled } = this.counts;
    return `${clients} client processes came and went, ${clientsKilled} of them by SIGKILL; ${servers} servers, ${serversKilled} by SIGKILL`;
  }

  async step(at: number): Promise<void> {
    if (at % STEPS_PER_MOVE === 0) await this.moveServer();
    await this.clientsComeAndGo(at % 2 === 0);
  }

  async end(): Promise<void> {
    await this.guest?.stop();
  }

  private async clientsComeAndGo(isKilled: boolean): Promise<void> {
    const settings = { ...this.settings, clients: CLIENTS_AT_ONCE };
    const clients = await startClients(settings, this.context);
    await clients.ask('runOpen', FEW_CALLS);
    this.counts.clients += 1;
    if (isKilled) {
      const cut = clients.ask('runOpen', OPEN_STREAMS).catch(() => undefined);
      await Promise.race([sleep(KILLED_AFTER_MS), cut]);
    }
    await this.goes(clients, isKilled, 'clientsKilled');
  }

  private async moveServer(): Promise<void> {
    const { guest } = this;
    this.guest = undefined;
    if (guest !== undefined) return this.goes(guest, this.counts.servers % 2 === 0, 'serversKilled');
    this.guest = await startServer(this.settings, this.context);
    this.counts.servers += 1;
  }

  private async goes(
    process: FleetClient | FleetServer,
    isKilled: boolean,
    counter: 'clientsKilled' | 'serversKilled',
  ): Promise<void> {
    if (!isKilled) return process.stop();
    this.counts[counter] += 1;
    await process.kill();
  }
}
