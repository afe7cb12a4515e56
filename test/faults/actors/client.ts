import { KafkaRpcClient, type KafkaRpcClientOptions } from 'nestjs-kafka-rpc';
import { answerParent, settings } from '../../programs/parent.js';
import { seededRandom } from '../../support/seeded-random.js';
import { CallMix } from './call-mix.js';
import { Caller } from './caller.js';
import { driverFor, type BrokerAccess } from './driver.js';
import { watchHealth, type ToldHealth } from './health-watch.js';
import { LineFile } from './line-file.js';
import type { LedgerLine } from './lines.js';
import { stepClock } from './stepped-clock.js';
import { blockFor, watchProcess } from './watch-process.js';

/** What the suite says of a client. */
export interface ClientActorSettings extends Omit<KafkaRpcClientOptions, 'driver' | 'timeoutMs'> {
  readonly access: BrokerAccess;
  readonly name: string;
  readonly ledger: string;
  readonly seed: number;
  readonly deadlineMs: number;
}

/** How far a client is. */
export interface ClientProgress {
  readonly sent: number;
  readonly settled: number;
  readonly answered: number;
  readonly openCalls: number;
  readonly residentBytes: number;
  readonly health: ToldHealth;
}

const { access, name, ledger, seed, deadlineMs, ...options } = settings<ClientActorSettings>();
const lines = new LineFile<LedgerLine>(ledger);
watchProcess(lines);

const client = new KafkaRpcClient({ ...options, driver: driverFor(access) });
const caller = new Caller(client, new CallMix(name, deadlineMs, seededRandom(seed)), lines);

await client.connect();
const health = watchHealth(client);
answerParent({
  start: (perSecond: number) => caller.start(perSecond),
  stop: () => caller.stop(),
  burst: ({ calls, ms }: { calls: number; ms: number }) => caller.burst(calls, ms),
  block: (ms: number) => void setImmediate(() => blockFor(ms)),
  step: (byMs: number) => stepClock(byMs),
  progress: (): ClientProgress => ({
    sent: caller.sent,
    settled: caller.settled,
    answered: caller.answered,
    openCalls: client.openCalls,
    residentBytes: process.memoryUsage.rss(),
    health: health(),
  }),
  close: () => client.close(),
});
