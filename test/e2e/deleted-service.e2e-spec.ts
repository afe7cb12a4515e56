import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { KafkaRpcModule, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';
import type { TopicAdmin } from '../support/topic-admin.js';

jest.setTimeout(90_000);

const PARTITIONS = 4;
const ROUNDS = 20;
const ROUND_MS = 1_000;
const CALLS_PER_ROUND = 10;

const told: number[] = [];

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }

  @EventPattern<string>('told')
  told(@Payload() data: number): void {
    told.push(data);
  }
}

/** What became of calls, by status; "answered" for those that were. */
const outcomesOf = async (calls: readonly Promise<unknown>[]): Promise<Record<string, number>> => {
  const outcomes: Record<string, number> = {};
  for (const call of calls) {
    const outcome = await call.then(
      () => 'answered',
      ({ status, message }: { status: string; message: string }) => `${status}: ${message}`,
    );
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
};

describe('a service whose topic is deleted while it is called', () => {
  let cluster: LiveCluster;
  let admin: TopicAdmin;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    admin = await cluster.topicAdmin();
  });
  afterAll(() => cluster.close());

  it('costs no call and no event of another service on the same connection anything', async () => {
    const [healthy, gone] = [cluster.newService('healthy'), cluster.newService('gone')];
    await cluster.serve({ controllers: [EchoController] }, { service: healthy });
    await admin.create(`rpc.${gone}.requests`, PARTITIONS);
    await cluster.serve({ controllers: [EchoController] }, { service: gone, createTopics: false });
    const rpc = KafkaRpcModule.register({
      driver: cluster.driver,
      createTopics: false,
      clients: [
        { name: 'HEALTHY', service: healthy },
        { name: 'GONE', service: gone, timeoutMs: 10_000 },
      ],
    });
    const module = await Test.createTestingModule({ imports: [rpc] }).compile();
    module.enableShutdownHooks();
    cluster.onClose(() => module.close());
    const clientOf = (name: string): KafkaRpcClient => module.get(name, { strict: false });
    const [wellClient, goneClient] = [clientOf('HEALTHY'), clientOf('GONE')];
    await Promise.all([wellClient.call('echo', 0), goneClient.call('echo', 0)]);

    await admin.delete(`rpc.${gone}.requests`);
    const startedAt = performance.now();
    const [calls, events, vain]: Promise<unknown>[][] = [[], [], []];
    let slowestMs = 0;
    for (let round = 0; round < ROUNDS; round++) {
      vain!.push(goneClient.call('echo', round));
      for (let i = 0; i < CALLS_PER_ROUND; i++) {
        const sentAt = performance.now();
        const call = wellClient.call('echo', i);
        calls!.push(call.then(() => (slowestMs = Math.max(slowestMs, performance.now() - sentAt))));
      }
      events!.push(lastValueFrom(wellClient.emit('told', round), { defaultValue: undefined }));
      const leftMs = startedAt + (round + 1) * ROUND_MS - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, leftMs)));
      // Without it the test's own promises that fail meanwhile would count as unhandled.
      for (const each of [...calls!, ...events!, ...vain!]) each.catch(() => undefined);
    }

    expect(await outcomesOf(calls!)).toEqual({ answered: ROUNDS * CALLS_PER_ROUND });
    expect(await outcomesOf(events!)).toEqual({ answered: ROUNDS });
    await eventually(10_000, () => expect(new Set(told).size).toBe(ROUNDS));
    const failures = Object.keys(await outcomesOf(vain!));
    expect(failures).not.toContain('answered');
    for (const failure of failures) {
      expect(failure).toMatch(/it may or may not run; it is tried again: |was not sent, and does not run: /);
      expect(failure).toContain(`rpc.${gone}.requests[`);
    }
    expect(slowestMs).toBeLessThan(5_000);
  });
});
