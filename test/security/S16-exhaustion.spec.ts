import { runScript } from '../support/package-script.js';

const run = async <T>(source: string): Promise<T> =>
  JSON.parse(
    (await runScript(source, { nodeOptions: ['--expose-gc'] })).stdout.trim().split('\n').at(-1)!,
  ) as T;

/** Calls that nobody answers: what is open, what is refused, and how soon. */
const NO_SERVER = `
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
const client = new KafkaRpcClient({ service: 'sum', driver: memoryDriver(), maxOpenCalls: 10_000, timeoutMs: 60_000 });
await client.connect();
let refused = 0, others = 0, mostOpen = 0;
const calls = [];
const begin = performance.now();
for (let i = 0; i < 100_000; i++) {
  calls.push(client.call('sum.add', { i }).catch((error) => error.status === 'RESOURCE_EXHAUSTED' ? refused++ : others++));
  mostOpen = Math.max(mostOpen, client.openCalls);
  if (i % 1_000 === 0) await new Promise(setImmediate);
}
await new Promise(setImmediate);
const perRefusalMs = (performance.now() - begin) / 100_000;
const refusedAtOnce = refused;
await client.close();
await Promise.all(calls);
console.log(JSON.stringify({ refused: refusedAtOnce, mostOpen, perRefusalMs }));
`;

/** A hundred thousand senders, each with a session of its own and one event with headers of its own. */
const MANY_SENDERS = `
import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { encryption, keyring, KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
const ring = keyring({ current: 'k', keys: { k: Buffer.alloc(32, 9) } });
const stage = () => encryption({ keyring: ring });
const driver = memoryDriver({ retentionRecords: 600 });
const topics = { requests: 'rpc.sum.requests' };
const server = new KafkaRpcServer({ service: 'sum', driver, partitions: 1, replyPartitions: 1, interceptors: [stage()] });
server.addHandler('sum.add', async (data) => data, false);
server.addHandler('sum.done', async () => undefined, true);
await new Promise((ready, fail) => server.listen((error) => error ? fail(error) : ready()));
const seen = [];
const client = new KafkaRpcClient({ service: 'sum', driver, interceptors: [stage()] });
const spy = await driver.connect({ clientId: 'spy', log: console, onEvent() {} });
await spy.readPartition({ topic: topics.requests, partition: 0, from: 'latest' }, (records) => seen.push(...records));
client.emit('sum.done', 1);
while (server.counters.eventsStarted < 1) await new Promise(setImmediate);
const own = stage();
const frames = stage().decode(seen.at(-1).value, { ...seen.at(-1), direction: 'request', envelope: seen.at(-1).headers.rpc });
const heap = () => { gc(); gc(); return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers; };
const flood = async (count) => {
  const begun = server.counters.eventsStarted;
  for (let i = 0; i < count; i += 500) {
    const records = [];
    for (let j = 0; j < 500; j++) {
      const envelope = Buffer.from(seen[0].headers.rpc);
      randomBytes(16).copy(envelope, 2);
      const place = { topic: topics.requests, partition: 0, direction: 'request', envelope, headers: {} };
      // Now and then with a salt of its own: a stage that was made anew.
      const sealing = j % 50 === 0 ? stage() : own;
      records.push({ ...place, value: sealing.encode(frames, place), headers: { rpc: envelope, ['h' + Math.random()]: Buffer.alloc(1) } });
    }
    await spy.produce(records, { acks: -1 });
    seen.length = 1;
    // The broker keeps 600 records: what is not read by then would be gone.
    while (server.counters.eventsStarted < begun + i + 500) await new Promise(setImmediate);
  }
};
await flood(12_000);
const before = heap();
await flood(100_000);
const growthMiB = (heap() - before) / 1024 / 1024;
const { value } = await client.call('sum.add', 2);
console.log(JSON.stringify({ growthMiB, value, started: server.counters.eventsStarted }));
process.exit(0);
`;

describe('S16, exhausted resources', () => {
  it('are not those of a caller without a server: what is beyond maxOpenCalls is refused at once', async () => {
    const told = await run<{ refused: number; mostOpen: number; perRefusalMs: number }>(NO_SERVER);
    expect(told).toMatchObject({ refused: 90_000, mostOpen: 10_000 });
    expect(told.perRefusalMs).toBeLessThan(5);
  }, 60_000);

  it('are not those of a server that hears from a hundred thousand senders', async () => {
    const told = await run<{ growthMiB: number; value: number; started: number }>(MANY_SENDERS);
    expect(told.value).toBe(2);
    expect(told.started).toBeGreaterThanOrEqual(112_000);
    expect(told.growthMiB).toBeLessThan(16);
  }, 120_000);
});
