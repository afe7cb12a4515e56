import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { runLoad } from '../measure/load-loop.js';
import type { Call } from '../measure/load.js';
import { Profiler } from '../measure/profiler.js';
import { checkAnswer, sums } from '../measure/sums.js';
import { answerQuestions } from '../process/program.js';
import type { ClientCommands, ClientSettings } from './program-commands.js';

const FIRST_ANSWER_WITHIN_MS = 60_000;
const TRY_WITHIN_MS = 2_000;
const BETWEEN_TRIES_MS = 100;

/** A client that can make calls. */
export interface SumClient {
  readonly call: Call;
  /** When it began to connect, by `performance.now()`, where it was built before. @default when it was asked for */
  readonly connectedSinceMs?: number;
  close(): Promise<void>;
}

/** The whole of a client process: `connect` is all that sets one peer's client apart from another's. */
export function callSums(connect: (settings: ClientSettings) => Promise<SumClient>): void {
  const profiler = new Profiler();
  let client: SumClient | undefined;
  const commands: ClientCommands = {
    start: async (settings) => {
      const askedAtMs = performance.now();
      client = await connect(settings);
      await firstAnswer(client.call);
      const answeredAtMs = performance.now();
      return {
        sinceProcessStartMs: answeredAtMs,
        sinceConnectMs: answeredAtMs - (client.connectedSinceMs ?? askedAtMs),
      };
    },
    run: async (load) => {
      if (client === undefined) throw new Error('The client was not started');
      return runLoad(sums(client.call), load);
    },
    startProfile: () => profiler.start(),
    stopProfile: (file) => profiler.stop(file),
  };
  answerQuestions(commands, async () => client?.close());
}

/** Consumers in a group report ready before they have partitions: only an answer shows that calls are taken. */
async function firstAnswer(call: Call): Promise<void> {
  const giveUpAt = Date.now() + FIRST_ANSWER_WITHIN_MS;
  for (;;) {
    const terms = { a: 1, b: 2, nonce: Date.now() };
    const late = sleep(TRY_WITHIN_MS).then(() => Promise.reject(new Error('No answer to the first call')));
    try {
      return checkAnswer(terms, await Promise.race([call(terms), late]));
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
      await sleep(BETWEEN_TRIES_MS);
    } finally {
      late.catch(() => undefined);
    }
  }
}
