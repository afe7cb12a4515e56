import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Logger } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcClient, RpcError } from 'nestjs-kafka-rpc';
import { eventually } from '../conformance/eventually.js';
import { setQuota } from '../support/client-quota.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(90_000);

const CALLS = 300;
const CALL_BYTES = 3_000;
const TIMEOUT_MS = 3_000;
/** What waits may take nearly as long as its callers do: a call with less time than they have left cannot leave in time. */
const LITTLE_TIME_MS = 300;
const BYTES_PER_SECOND = 20_000;
/** A handler may start as its caller's time ends. */
const LATE_BY_MS = 250;
/** The broker measures over eleven seconds and stays mute for as long at most; a small call may then wait behind one more. */
const SOON_MS = 20_000;
const EXPECTED = { answered: true, DEADLINE_EXCEEDED: true, RESOURCE_EXHAUSTED: true };

interface Asked {
  /** On the clock of this process, which caller and handler share. */
  readonly dueAt: number;
  readonly padding: string;
}

/** By how much each handler that started was late for its caller, in milliseconds. */
const lateness: number[] = [];

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() { dueAt }: Asked): number {
    lateness.push(Date.now() - dueAt);
    return dueAt;
  }

  @MessagePattern('large')
  large(@Payload() bytes: number): string {
    return 'x'.repeat(bytes);
  }
}

const warnings: string[] = [];

/** An app that starts says where lines go: call it after. */
const heedWarnings = (): void => {
  const silent = (): void => undefined;
  Logger.overrideLogger({ log: silent, error: silent, warn: (line: string) => void warnings.push(line) });
};

describe('a client whose quota is used up', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
  });
  afterAll(() => cluster.close());
  beforeEach(() => lateness.splice(0));

  const ask = (client: KafkaRpcClient, bytes: number, timeoutMs = TIMEOUT_MS): Promise<unknown> =>
    client.call('echo', { dueAt: Date.now() + timeoutMs, padding: 'x'.repeat(bytes) }, { timeoutMs });

  const statusOf = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => 'answered',
      ({ status }: RpcError) => status,
    );

  it('sends nothing in vain: what nobody waits for stays, small calls are refused at once, and soon answered', async () => {
    await cluster.serve({ controllers: [EchoController] });
    heedWarnings();
    const clientId = cluster.newService('throttled');
    const client = cluster.client({ clientId, timeoutMs: TIMEOUT_MS });
    await client.connect();
    await ask(client, 10);
    await setQuota(cluster.kafka.brokers[0]!, {
      clientId,
      name: 'producer_byte_rate',
      bytesPerSecond: BYTES_PER_SECOND,
    });
    cluster.onClose(() => setQuota(cluster.kafka.brokers[0]!, { clientId, name: 'producer_byte_rate' }));
    lateness.splice(0);

    const flood = Array.from({ length: CALLS }, () => statusOf(ask(client, CALL_BYTES)));
    await eventually(TIMEOUT_MS, () => expect(client.counters.throttles).toBeGreaterThan(0));
    const early = await Promise.race([
      statusOf(ask(client, 10, LITTLE_TIME_MS)),
      delay(LITTLE_TIME_MS, 'not at once'),
    ]);
    const statuses = new Set(await Promise.all(flood));
    const isAnswered = async (): Promise<void> => expect(await statusOf(ask(client, 10))).toBe('answered');
    await eventually(SOON_MS, isAnswered);

    expect(early).toBe('RESOURCE_EXHAUSTED');
    expect([...statuses].every((status) => status in EXPECTED)).toBe(true);
    expect(statuses).toContain('answered');
    expect(lateness.filter((ms) => ms > LATE_BY_MS)).toEqual([]);
    expect(warnings.join()).toContain('producer_byte_rate');
  });

  it('is told when what it reads is throttled', async () => {
    await cluster.serve({ controllers: [EchoController] });
    heedWarnings();
    const clientId = cluster.newService('reader');
    const client = cluster.client({ clientId, timeoutMs: 30_000 });
    await client.connect();
    const name = 'consumer_byte_rate';
    const [broker] = cluster.kafka.brokers as [string];
    await setQuota(broker, { clientId, name, bytesPerSecond: BYTES_PER_SECOND });
    cluster.onClose(() => setQuota(broker, { clientId, name }));

    const answers = Array.from({ length: 10 }, () => client.call<string>('large', 30_000));
    for (const { value } of await Promise.all(answers)) expect(value).toHaveLength(30_000);
    const isThrottled = async (): Promise<void> => {
      await client.call('large', 10);
      expect(client.counters.throttles).toBeGreaterThan(0);
    };
    await eventually(SOON_MS, isThrottled);
    expect(warnings.join()).toContain(name);
  });
});
