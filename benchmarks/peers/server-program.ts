import { ownCpuSeconds } from '../measure/cpu.js';
import { Profiler } from '../measure/profiler.js';
import { answerQuestions } from '../process/program.js';
import type { PeerBroker } from './peer.js';
import type { ServerAddress, ServerCommands } from './program-commands.js';

/** A server that takes calls. */
export interface SumServer {
  readonly address?: ServerAddress;
  close(): Promise<void>;
}

/** The whole of a server process: `start` is all that sets one peer's server apart from another's. */
export function serveSums(start: (broker: PeerBroker) => Promise<SumServer>): void {
  const profiler = new Profiler();
  let server: SumServer | undefined;
  const commands: ServerCommands = {
    start: async (broker) => {
      server = await start(broker);
      return server.address ?? {};
    },
    cpuSeconds: async () => ownCpuSeconds(),
    startProfile: () => profiler.start(),
    stopProfile: (file) => profiler.stop(file),
  };
  answerQuestions(commands, async () => server?.close());
}
