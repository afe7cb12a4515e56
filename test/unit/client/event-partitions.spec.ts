import { KafkaRpcRecordBuilder, type DriverConnection } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';

describe('events that are refused before they leave', () => {
  it('count on no partition: those after them take turns over all', async () => {
    const cluster = new RpcCluster();
    const client = cluster.client({ partitions: 4 });
    await client.connect();
    const produce = jest.spyOn(client.unwrap<DriverConnection>(), 'produce');
    const wrong = new KafkaRpcRecordBuilder(() => undefined).setKey('k1').build();
    for (let i = 0; i < 3; i++) await lastValueFrom(client.emit('e', wrong)).catch(() => undefined);
    for (let i = 0; i < 8; i++) await lastValueFrom(client.emit('e', {}));
    const partitions = produce.mock.calls.flatMap(([records]) => records.map(({ partition }) => partition));
    expect(partitions.sort()).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    await cluster.close();
  });
});
