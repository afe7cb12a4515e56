import type { BenchmarkContext } from '../benchmark.js';
import { runIn, type Load } from '../measure/load.js';
import type { Work } from './commands.js';
import { startClients, type FleetClient } from './fleet.js';
import type { FleetSettings } from './settings.js';

/** Until V8 has compiled what runs hot, where fleets are compared. */
export const GROUP_WARM_UP_SECONDS = { full: 10, quick: 1 };

/** Many clients in few processes, each client with a connection of its own: as many callers as there would be machines. */
export class ClientGroup {
  private constructor(private readonly processes: readonly FleetClient[]) {}

  static async start(
    settings: FleetSettings & { readonly clients: number },
    processes: number,
    context: Pick<BenchmarkContext, 'teardown'>,
  ): Promise<ClientGroup> {
    const clients = settings.clients / processes;
    const started: FleetClient[] = [];
    for (let at = 0; at < processes; at += 1) {
      started.push(await startClients({ ...settings, clients }, context));
    }
    return new ClientGroup(started);
  }

  /** As `callsPerSecond`, behind a run-in: what has waited for its turn is slower for half a second. */
  async warmCallsPerSecond(work: Work, load: Load): Promise<number> {
    await this.callsPerSecond(work, runIn(load));
    return this.callsPerSecond(work, load);
  }

  /** All processes at once, the callers shared evenly; gives calls/s of all together. */
  async callsPerSecond(work: Work, load: Load): Promise<number> {
    const share = { ...load, concurrency: Math.ceil(load.concurrency / this.processes.length) };
    const results = await Promise.all(this.processes.map((each) => each.ask('run', { work, load: share })));
    return results.reduce((sum, { callsPerSecond }) => sum + callsPerSecond, 0);
  }
}
