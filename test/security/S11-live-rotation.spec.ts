import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { compression, encryption, verification, type WireInterceptor } from 'nestjs-kafka-rpc';
import { allAnswered, CallLoad, type Echo } from '../support/call-load.js';
import { KeyRotation } from '../support/key-rotation.js';
import { RpcCluster } from '../support/rpc-cluster.js';

const CALLS_PER_SECOND = 200;
const STEP_MS = 300;

@Controller()
class EchoController {
  @MessagePattern('echo')
  async echo(@Payload() { nonce }: Echo): Promise<Echo> {
    await sleep(5);
    return { nonce, server: 'any' };
  }
}

describe('S11, a rotation in the middle of calls', () => {
  it('of three clients and two servers, 200 a second: not one fails', async () => {
    const rotation = new KeyRotation(5);
    const stages = rotation.rings.map((ring): WireInterceptor[] => [
      compression({ algorithm: 'gzip' }),
      encryption({ keyring: ring }),
      verification({ keyring: ring }),
    ]);
    const cluster = new RpcCluster();
    const servers = [];
    for (const interceptors of stages.slice(0, 2))
      servers.push(await cluster.serve({ controllers: [EchoController] }, { interceptors }));
    const clients = stages.slice(2).map((interceptors) => cluster.client({ interceptors }));
    await Promise.all(clients.map((client) => client.connect()));

    const loads = clients.map((client) => new CallLoad(client).start(CALLS_PER_SECOND / clients.length));
    // What was sent under the old key is answered before the key goes.
    const overlap = () => Promise.all([sleep(STEP_MS), ...loads.map((load) => load.settled())]);
    await rotation.run(() => sleep(STEP_MS / stages.length), overlap);
    const reports = await Promise.all(loads.map((load) => load.stop()));
    for (const report of reports) {
      expect(report).toMatchObject(allAnswered(report.sent));
      expect(report.sent).toBeGreaterThan(CALLS_PER_SECOND / clients.length);
    }
    for (const { server } of servers) expect(server.counters.recordsRefused).toBe(0);
    for (const client of clients) expect(client.counters.recordsRefused).toBe(0);
    await cluster.close();
  }, 60_000);
});
