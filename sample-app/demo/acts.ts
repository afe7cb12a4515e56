import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { KafkaRpcClient, RpcError, type RpcReply } from 'nestjs-kafka-rpc';
import { lastValueFrom, toArray } from 'rxjs';
import { answer, ms, percentile, spread } from './report.js';
import type { Stage } from './stage.js';

export type Say = (line: string) => void;

const PRIMES_BELOW_50 = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47];
const EVENT_DEADLINE_MS = 10_000;
/** Crowds that are not told of: code that has just been loaded is slow. */
const WARM_UPS = 10;

/** Through the gateway: HTTP in, Kafka behind. Every answer is checked. */
export const playHttp = async ({ gatewayUrl }: Stage, say: Say): Promise<void> => {
  const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${gatewayUrl}${path}`, init);
  const sum = (await (await get('/add?a=1&b=2')).json()) as RpcReply<number>;
  assert.equal(sum.value, 3);
  say(`value    GET /add?a=1&b=2        ${answer(sum)}`);
  const primes = (await (await get('/primes?below=50')).text()).trim().split('\n').map(Number);
  assert.deepEqual(primes, PRIMES_BELOW_50);
  say(`stream   GET /primes?below=50    ${primes.join(' ')}`);
  const missing = await get('/find?id=nine');
  const error = (await missing.json()) as { status: string; message: string };
  assert.deepEqual([missing.status, error.status], [404, 'NOT_FOUND']);
  say(`error    GET /find?id=nine       HTTP ${missing.status} ${error.status}: ${error.message}`);
  const audit = await get('/audit', { method: 'POST' });
  assert.equal(audit.status, 201);
  say('event    POST /audit             sent');
};

/** Through a `ClientProxy` of this process. Every answer is checked. */
export const playClient = async (client: KafkaRpcClient, { services }: Stage, say: Say): Promise<void> => {
  const connectedAt = performance.now();
  await client.connect();
  const first = await client.call<number>('sum.add', { a: 20, b: 22 });
  assert.equal(first.value, 42);
  say(`value    sum.add {20, 22}        ${answer(first)}`);
  say(`                                 connected and answered in ${ms(performance.now() - connectedAt)}`);
  const primes = await lastValueFrom(client.send<number>('primes.below', 50).pipe(toArray()));
  assert.deepEqual(primes, PRIMES_BELOW_50);
  say(`stream   primes.below 50         ${primes.join(' ')}`);
  const missing: unknown = await client.call('sum.find', 'ten').catch((error: unknown) => error);
  assert.ok(missing instanceof RpcError && missing.status === 'NOT_FOUND');
  say(
    `error    sum.find "ten"          ${missing.status}: ${missing.message} details ${JSON.stringify(missing.details)}`,
  );
  const invalid: unknown = await client.call('sum.add', { a: 'x' }).catch((error: unknown) => error);
  assert.ok(invalid instanceof RpcError && invalid.status === 'INVALID_ARGUMENT');
  say(`error    sum.add {"x"}           ${invalid.status}, from the validation pipe`);
  await lastValueFrom(client.emit('sum.audited', {}), { defaultValue: undefined });
  say(
    `event    sum.audited             sent; the services have seen ${await auditsSeen(client, services)} in all`,
  );
};

/** Two events were sent: through the gateway and here. Each service counts its own. */
const auditsSeen = async (client: KafkaRpcClient, services: number): Promise<number> => {
  const deadline = performance.now() + EVENT_DEADLINE_MS;
  const byServer = new Map<string, number>();
  while (performance.now() < deadline) {
    const { serverId, value } = await client.call<number>('sum.audits', {});
    byServer.set(serverId, value);
    const seen = [...byServer.values()].reduce((a, b) => a + b, 0);
    if (seen === 2 && byServer.size === services) return seen;
    await delay(20);
  }
  throw new assert.AssertionError({
    message: `The services saw other events: ${[...byServer.values()].join(', ')}.`,
  });
};

/** Many calls at once, each with a sum of its own. */
export const playCrowd = async (client: KafkaRpcClient, calls: number, say: Say): Promise<void> => {
  const numbers = Array.from({ length: calls }, (_, i) => i);
  for (let warmUp = 0; warmUp < WARM_UPS; warmUp++) {
    await Promise.all(numbers.map((i) => client.call('sum.add', { a: i, b: i })));
  }
  const startedAt = performance.now();
  const replies = await Promise.all(numbers.map((i) => client.call<number>('sum.add', { a: i, b: 1 })));
  const totalMs = performance.now() - startedAt;
  replies.forEach(({ value }, i) => assert.equal(value, i + 1));
  const sorted = replies.map(({ timings }) => timings.totalMs).sort((a, b) => a - b);
  say(
    `crowd    ${calls} calls at once     all right in ${ms(totalMs)}: ${Math.round((calls / totalMs) * 1000)} calls/s`,
  );
  say(
    `                                 p50 ${ms(percentile(sorted, 0.5))}, p99 ${ms(percentile(sorted, 0.99))}`,
  );
  say(`                                 by server: ${spread(replies.map(({ serverId }) => serverId))}`);
};
