import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import type { KafkaRpcClient, KafkaRpcServer } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns } from '../../support/until.js';

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

describe('send()', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let server: KafkaRpcServer;

  beforeEach(async () => {
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [EchoController] }));
    client = cluster.client();
  });

  afterEach(() => cluster.close());

  it('is cold: sends nothing until somebody subscribes', async () => {
    const answer = client.send('echo', 1);
    await client.connect();
    await turns();
    expect(server.counters.callsStarted).toBe(0);
    expect(await lastValueFrom(answer)).toBe(1);
  });

  it('is a call of its own for each subscription', async () => {
    const answer = client.send('echo', 1);
    await Promise.all([lastValueFrom(answer), lastValueFrom(answer)]);
    expect(server.counters.callsStarted).toBe(2);
  });

  it('sends nothing when it is unsubscribed before the client is connected', async () => {
    client.send('echo', 1).subscribe().unsubscribe();
    await client.connect();
    await turns();
    expect(server.counters.callsStarted).toBe(0);
    expect(client.openCalls).toBe(0);
  });

  it.each([
    ['null data', 'echo', null],
    ['undefined data', 'echo', undefined],
    ['no pattern', null, 1],
  ])('refuses %s, as every Nest client', async (_what, pattern, data) => {
    await expect(lastValueFrom(client.send(pattern, data))).rejects.toThrow(
      'invalid data or message pattern',
    );
    await expect(lastValueFrom(client.emit(pattern, data))).rejects.toThrow(
      'invalid data or message pattern',
    );
  });

  it('goes through with thousands at once, with few records', async () => {
    await client.connect();
    const produce = jest.spyOn(client.unwrap(), 'produce');
    const values = await Promise.all(
      Array.from({ length: 3_000 }, (_, i) => lastValueFrom(client.send('echo', i))),
    );
    expect(values).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
    const records = produce.mock.calls.reduce((sum, [batch]) => sum + batch.length, 0);
    expect(records).toBeLessThan(100);
  });
});
