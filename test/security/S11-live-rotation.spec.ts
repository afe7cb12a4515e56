import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  compression,
  encryption,
  keyring,
  verification,
  type KeyringOptions,
  type WireInterceptor,
} from 'nestjs-kafka-rpc';
import { RpcCluster } from '../support/rpc-cluster.js';

const CALLS_PER_SECOND = 200;
const TICK_MS = 10;
const STEP_MS = 300;
const [k1, k2] = [randomBytes(32), randomBytes(32)];

@Controller()
class SumController {
  @MessagePattern('sum.add')
  async add(@Payload() data: unknown): Promise<unknown> {
    await sleep(5);
    return data;
  }
}

describe('S11, a rotation in the middle of calls', () => {
  it('of three clients and two servers, 200 a second: not one fails', async () => {
    const rings = Array.from({ length: 5 }, () => keyring({ current: 'k1', keys: { k1 } }));
    const stages = (i: number): WireInterceptor[] => [
      compression({ algorithm: 'gzip' }),
      encryption({ keyring: rings[i]! }),
      verification({ keyring: rings[i]! }),
    ];
    const cluster = new RpcCluster();
    const servers = [];
    for (const i of [0, 1])
      servers.push(await cluster.serve({ controllers: [SumController] }, { interceptors: stages(i) }));
    const clients = [2, 3, 4].map((i) => cluster.client({ interceptors: stages(i) }));
    await Promise.all(clients.map((client) => client.connect()));

    let isOver = false;
    const calls: Promise<boolean>[] = [];
    const load = async (): Promise<void> => {
      const begin = performance.now();
      while (!isOver) {
        const due = ((performance.now() - begin) / 1_000) * CALLS_PER_SECOND;
        while (calls.length < due) {
          const n = calls.length;
          calls.push(clients[n % 3]!.call('sum.add', n).then(({ value }) => value === n));
        }
        await sleep(TICK_MS);
      }
    };
    const loading = load();
    const steps: KeyringOptions[] = [
      { current: 'k1', keys: { k1, k2 } },
      { current: 'k2', keys: { k1, k2 } },
      { current: 'k2', keys: { k2 } },
    ];
    for (const step of steps) {
      for (const ring of rings) {
        await ring.rotate(step);
        await sleep(STEP_MS / rings.length);
      }
      // The overlap: what was sent under the old key is answered before the key goes.
      await sleep(STEP_MS);
      await Promise.all([...calls]);
    }
    isOver = true;
    await loading;
    expect(calls.length).toBeGreaterThan(CALLS_PER_SECOND);
    expect(await Promise.all(calls)).toEqual(calls.map(() => true));
    for (const { server } of servers) expect(server.counters.recordsRefused).toBe(0);
    for (const client of clients) expect(client.counters.recordsRefused).toBe(0);
    await cluster.close();
  }, 60_000);
});
