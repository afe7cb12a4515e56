import { latencyOf } from '../measure/latencies.js';
import type { Load } from '../measure/load.js';
import { Child } from '../process/child.js';
import { lineProgram, type LineProgramCommand } from '../process/line-program.js';
import type { Peer, PeerBroker, PeerHandle, PeerResult } from './peer.js';
import type { ClientSettings, ServerAddress } from './program-commands.js';

export interface LinePeerPlan {
  readonly name: string;
  readonly title: string;
  readonly unavailable: NonNullable<Peer['unavailable']>;
  /** Makes what must be there before the processes start, for instance topics, and names the programs. */
  readonly prepare: (broker: PeerBroker) => Promise<LinePrograms>;
  readonly mostCallsAtOnce?: PeerHandle['mostCallsAtOnce'];
  /** What it needs before the warm-up that all peers have. @default nothing */
  readonly firstLoad?: Load;
}

export interface LinePrograms {
  readonly server: LineProgramCommand;
  readonly client: LineProgramCommand;
}

/** What a server in another language is asked, a line of JSON each. */
export interface LineServerCommands {
  start(broker: PeerBroker): Promise<ServerAddress>;
  /** User and system time of its process so far. */
  cpuSeconds(nothing: null): Promise<number>;
}

/** What a client in another language is asked, a line of JSON each. */
export interface LineClientCommands {
  /** Resolves when a call was answered. */
  start(settings: ClientSettings): Promise<null>;
  /** A closed loop as in `measure/load-loop.ts`: every answer checked, every latency kept. */
  run(load: Load): Promise<LineLoadResult>;
}

/** What one load gave: percentiles are taken here, by one rule for all peers. */
export interface LineLoadResult {
  /** Milliseconds, one for every call. */
  readonly latencies: readonly number[];
  /** From the first call sent to the last answer. */
  readonly seconds: number;
  readonly clientCpuSeconds: number;
}

/** A peer made of two programs in another language, asked over standard input and output. */
export const linePeer = (plan: LinePeerPlan): Peer => ({
  name: plan.name,
  title: plan.title,
  unavailable: plan.unavailable,
  start: async (broker) => {
    const pair = new LinePair(plan, await plan.prepare(broker));
    try {
      await pair.start(broker);
      if (plan.firstLoad !== undefined) await pair.run(plan.firstLoad);
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  },
});

class LinePair implements PeerHandle {
  readonly mostCallsAtOnce: number | undefined;
  private readonly server: Child<LineServerCommands>;
  private readonly client: Child<LineClientCommands>;

  constructor({ name, mostCallsAtOnce }: LinePeerPlan, { server, client }: LinePrograms) {
    this.mostCallsAtOnce = mostCallsAtOnce;
    this.server = new Child(`the server of ${name}`, lineProgram(server));
    this.client = new Child(`the client of ${name}`, lineProgram(client));
  }

  async start(broker: PeerBroker): Promise<void> {
    const server = await this.server.ask('start', broker);
    await this.client.ask('start', { ...broker, server });
  }

  async run(load: Load): Promise<PeerResult> {
    const before = await this.server.ask('cpuSeconds', null);
    const { latencies, seconds, clientCpuSeconds } = await this.client.ask('run', load);
    const after = await this.server.ask('cpuSeconds', null);
    return {
      calls: latencies.length,
      seconds,
      callsPerSecond: latencies.length / seconds,
      latency: latencyOf(latencies),
      clientCpuSeconds,
      serverCpuSeconds: after - before,
    };
  }

  pause(): void {
    this.client.pause();
    this.server.pause();
  }

  resume(): void {
    this.server.resume();
    this.client.resume();
  }

  /** The client first: a server that closes waits for its calls. */
  async stop(): Promise<void> {
    await this.client.stop();
    await this.server.stop();
  }
}
