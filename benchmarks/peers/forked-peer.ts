import type { Load } from '../measure/load.js';
import { Child } from '../process/child.js';
import { forkedProgram, type ForkedProgramOptions } from '../process/forked-program.js';
import type { Peer, PeerBroker, PeerHandle, PeerResult, ProfileFile } from './peer.js';
import type { ClientCommands, ServerCommands } from './program-commands.js';

export interface ForkedPeerPlan {
  readonly name: string;
  readonly title: string;
  /** The module that defines the peer: `server.js` and `client.js` stand beside it. */
  readonly module: string;
  readonly unavailable?: Peer['unavailable'];
  /** Makes what must be there before the processes start, for instance topics. */
  readonly prepare?: (broker: PeerBroker) => Promise<void>;
  /** Gives what the programs run in. @default this process's own Node, and nothing else */
  readonly surround?: (broker: PeerBroker) => Promise<Surroundings>;
}

/** What the two programs of a peer run in. */
export interface Surroundings extends ForkedProgramOptions {
  readonly brokerPid?: PeerHandle['brokerPid'];
  /** Ends what was started for the programs, after they have left. @default nothing to end */
  readonly end?: () => Promise<void>;
}

/** A peer made of two Node programs, forked from this process and asked over IPC. */
export const forkedPeer = (plan: ForkedPeerPlan): Peer => ({
  name: plan.name,
  title: plan.title,
  ...(plan.unavailable && { unavailable: plan.unavailable }),
  start: async (broker) => {
    await plan.prepare?.(broker);
    const pair = new ForkedPair(plan, (await plan.surround?.(broker)) ?? {});
    try {
      await pair.start(broker);
      return pair;
    } catch (error) {
      await pair.stop();
      throw error;
    }
  },
});

class ForkedPair implements PeerHandle {
  readonly brokerPid: number | undefined;
  private readonly server: Child<ServerCommands>;
  private readonly client: Child<ClientCommands>;

  constructor(
    { name, module }: ForkedPeerPlan,
    private readonly surroundings: Surroundings,
  ) {
    this.brokerPid = surroundings.brokerPid;
    this.server = new Child(
      `the server of ${name}`,
      forkedProgram(new URL('./server.js', module), surroundings),
    );
    this.client = new Child(
      `the client of ${name}`,
      forkedProgram(new URL('./client.js', module), surroundings),
    );
  }

  async start(broker: PeerBroker): Promise<void> {
    const server = await this.server.ask('start', broker);
    await this.client.ask('start', { ...broker, server });
  }

  async run(load: Load): Promise<PeerResult> {
    const before = await this.server.ask('cpuSeconds', null);
    const result = await this.client.ask('run', load);
    const after = await this.server.ask('cpuSeconds', null);
    return { ...result, serverCpuSeconds: after - before };
  }

  async profile(load: Load, filePrefix: string): Promise<readonly ProfileFile[]> {
    const files = { client: `${filePrefix}-client.cpuprofile`, server: `${filePrefix}-server.cpuprofile` };
    await Promise.all([this.client.ask('startProfile', null), this.server.ask('startProfile', null)]);
    await this.client.ask('run', load);
    await Promise.all([
      this.client.ask('stopProfile', files.client),
      this.server.ask('stopProfile', files.server),
    ]);
    return [
      { role: 'client', file: files.client },
      { role: 'server', file: files.server },
    ];
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
    await this.surroundings.end?.();
  }
}
