import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';

describe('a pattern that is no string, number or object', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  beforeEach(() => {
    cluster = new RpcCluster();
    client = cluster.client();
  });

  afterEach(() => cluster.close());

  it.each([null, undefined, true, Symbol('s')])('fails a call with INVALID_ARGUMENT: %p', async (pattern) => {
    await expect(client.call(pattern, {})).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
  });

  it('fails an event with INVALID_ARGUMENT', async () => {
    await expect(lastValueFrom(client.emit(true, {}))).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
  });
});
