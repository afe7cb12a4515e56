import { randomBytes } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { encryption, keyring, type ConsumerRecord } from 'nestjs-kafka-rpc';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster, type RunningApp } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const CANARY = 'canary-5e1f';
const keys = keyring({ current: 'k1', keys: { k1: randomBytes(32) } });
const interceptors = () => [encryption({ keyring: keys })];

describe('results of calls with an idempotency key, where records are encrypted', () => {
  let runs = 0;

  @Controller()
  class SecretController {
    @MessagePattern('secret')
    secret(): string {
      runs += 1;
      return `${CANARY} ${runs}`;
    }
  }

  it('are read by the next server, and by nobody without the keys', async () => {
    const cluster = new RpcCluster();
    const serve = (): Promise<RunningApp> =>
      cluster.serve(
        { controllers: [SecretController] },
        { interceptors: interceptors(), idempotency: {}, partitions: 1 },
      );
    const call = async (): Promise<unknown> => {
      const client = cluster.client({ interceptors: interceptors() });
      return (await client.call('secret', CANARY, { idempotencyKey: CANARY })).value;
    };
    const { app } = await serve();
    expect(await call()).toBe(`${CANARY} 1`);
    await app.close();
    await serve();
    expect(await call()).toBe(`${CANARY} 1`);
    expect(runs).toBe(1);

    const raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    const kept: ConsumerRecord[] = [];
    await raw.readPartition({ topic: 'rpc.sum.results', partition: 0, from: 'earliest' }, (records) =>
      kept.push(...records),
    );
    // The result, and the mark of each server.
    await until(() => kept.length === 3);
    expect(kept.every(({ key, value }) => key === null && !value!.includes(CANARY))).toBe(true);
    await cluster.close();
  });
});
