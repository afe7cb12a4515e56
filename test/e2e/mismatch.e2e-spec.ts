import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { compression, encryption, keyring, type RpcError, type WireInterceptor } from 'nestjs-kafka-rpc';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(60_000);

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: number): number {
    return data;
  }
}

const sealed = (passphrase: string): WireInterceptor =>
  encryption({
    keyring: keyring({ current: 'k1', keys: { k1: { passphrase, salt: Buffer.alloc(16, 7) } } }),
  });
const AES = 'encryption:aes-256-gcm';

describe('settings that do not fit, on a broker', () => {
  let cluster: LiveCluster;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    const interceptors = [compression({ algorithm: 'gzip' }), sealed('correct horse battery staple')];
    await cluster.serve({ controllers: [EchoController] }, { interceptors });
  });
  afterAll(() => cluster.close());

  const clients: readonly [string, () => WireInterceptor[], string][] = [
    [
      'a wrong passphrase',
      () => [compression({ algorithm: 'gzip' }), sealed('correct horse battery stable')],
      `its stage "${AES}" finds them not authentic, with key id "k1"`,
    ],
    [
      'a stage that is missing',
      () => [sealed('correct horse battery staple')],
      `its wire stages are [compression:gzip+${AES}], this side's are [${AES}]`,
    ],
    [
      'another algorithm',
      () => [compression({ algorithm: 'brotli' }), sealed('correct horse battery staple')],
      `its wire stages are [compression:gzip+${AES}], this side's are [compression:brotli+${AES}]`,
    ],
    ['no stages', () => [], `its wire stages are [compression:gzip+${AES}], this side's are []`],
  ];

  it.each(clients)('fail the first call within 2 s: %s', async (_what, interceptors, text) => {
    const client = cluster.client({ interceptors: interceptors() });
    await client.connect();
    const startedAt = performance.now();
    const call = client.call('echo', 1, { timeoutMs: 10_000 });
    const error = await call.then(
      () => undefined,
      (thrown: RpcError) => thrown,
    );
    expect(error).toMatchObject({ status: 'FAILED_PRECONDITION' });
    expect(error!.message).toContain(text);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('disturb nobody whose settings do', async () => {
    const stranger = cluster.client();
    const failed = stranger.call('echo', 1, { timeoutMs: 10_000 }).catch((error: RpcError) => error.status);
    const interceptors = [compression({ algorithm: 'gzip' }), sealed('correct horse battery staple')];
    const client = cluster.client({ interceptors });
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => client.call<number>('echo', i)));
    expect(answers.map(({ value }) => value)).toEqual(answers.map((_, i) => i));
    expect(await failed).toBe('FAILED_PRECONDITION');
  });
});
