import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  compression,
  encryption,
  keyring,
  verification,
  type DriverConnection,
  type KafkaRpcClient,
  type KafkaRpcServer,
  type RpcError,
  type WireInterceptor,
} from 'nestjs-kafka-rpc';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeEnvelope } from '../../../lib/protocol/envelope.js';
import { encodeRefusal } from '../../../lib/protocol/refusal-notice.js';
import { SERVER_ID } from '../../support/incoming-calls.js';
import { connectRaw } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

// Keys from passphrases are slow on purpose.
jest.setTimeout(30_000);

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() data: number): number {
    return data;
  }

  @MessagePattern('sum.slow')
  async slow(@Payload() delayMs: number): Promise<number> {
    await sleep(delayMs, undefined, { ref: false });
    return delayMs;
  }
}

const keys = (id: string, fill: number) => keyring({ current: id, keys: { [id]: Buffer.alloc(32, fill) } });
const passphrase = (words: string) =>
  keyring({ current: 'k1', keys: { k1: { passphrase: words, salt: Buffer.alloc(16, 7) } } });
const sealed = (id = 'k1', fill = 1): WireInterceptor => encryption({ keyring: keys(id, fill) });
const signed = (id = 'k1', fill = 1): WireInterceptor =>
  verification({ algorithm: 'hmac-sha256', keyring: keys(id, fill) });
const packed = (algorithm: 'gzip' | 'brotli' = 'gzip'): WireInterceptor => compression({ algorithm });

const AES = 'encryption:aes-256-gcm';
const HMAC = 'verification:hmac-sha256';

describe('settings that do not fit', () => {
  let cluster: RpcCluster;
  let raw: DriverConnection;

  beforeEach(async () => {
    cluster = new RpcCluster();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
  });

  afterEach(() => cluster.close());

  const serve = async (interceptors: readonly WireInterceptor[] = []): Promise<KafkaRpcServer> => {
    const { server } = await cluster.serve(
      { controllers: [SumController] },
      { interceptors, replyPartitions: 1 },
    );
    return server;
  };

  const failureOf = (call: Promise<unknown>): Promise<RpcError> =>
    call.then(
      () => Promise.reject(new Error('It was answered.')),
      (error: RpcError) => error,
    );

  const forge = (client: KafkaRpcClient, count = 1): Promise<unknown> => {
    const recipient = Buffer.from(client.id, 'hex');
    const rpc = encodeEnvelope({ direction: 'refusal', sender: SERVER_ID, recipient });
    const refusal = {
      code: 'not-authentic',
      topic: 'rpc.sum.requests',
      serverStages: 'x',
      stage: 'y',
      keyId: 'k',
    } as const;
    const record = { topic: 'rpc.replies', partition: 0, value: encodeRefusal(refusal), headers: { rpc } };
    return raw.produce(Array<typeof record>(count).fill(record), { acks: -1 });
  };

  const mismatches: readonly [string, WireInterceptor[], WireInterceptor[], string][] = [
    [
      'stages at the server, none here',
      [packed(), sealed()],
      [],
      `[compression:gzip+${AES}], this side's are []`,
    ],
    ['stages here, none at the server', [], [sealed()], `its wire stages are [], this side's are [${AES}]`],
    [
      'a stage that is missing here',
      [packed(), sealed()],
      [sealed()],
      `[compression:gzip+${AES}], this side's are [${AES}]`,
    ],
    [
      'another algorithm',
      [packed('gzip')],
      [packed('brotli')],
      "[compression:gzip], this side's are [compression:brotli]",
    ],
    [
      'another order',
      [sealed(), signed()],
      [signed(), sealed()],
      `[${AES}+${HMAC}], this side's are [${HMAC}+${AES}]`,
    ],
    [
      'another key of the same id',
      [sealed()],
      [sealed('k1', 2)],
      `stage "${AES}" finds them not authentic, with key id "k1"`,
    ],
    [
      'a key id that the server lacks',
      [sealed()],
      [sealed('k2')],
      `stage "${AES}" finds them not authentic, with key id "k2"`,
    ],
    [
      'another key to sign with',
      [signed()],
      [signed('k1', 2)],
      `stage "${HMAC}" finds them not authentic, with key id "k1"`,
    ],
  ];

  it.each(mismatches)(
    'fail the first call quickly, and name what does not fit: %s',
    async (_what, theirs, ours, text) => {
      const server = await serve(theirs);
      const client = cluster.client({ interceptors: ours });
      await client.connect();
      const startedAt = performance.now();
      const error = await failureOf(client.call('sum.add', 1, { timeoutMs: 30_000 }));
      expect(error).toMatchObject({ status: 'FAILED_PRECONDITION', retryable: false });
      expect(error.message).toContain(text);
      expect(error.message).toContain(`A server of rpc.sum.requests refuses this client's records`);
      expect(error.message).toContain(`So says ${server.id}, and cannot prove it`);
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(server.counters.callsStarted).toBe(0);
    },
  );

  it('fail the first call with another passphrase, too', async () => {
    await serve([encryption({ keyring: passphrase('correct horse') })]);
    const client = cluster.client({ interceptors: [encryption({ keyring: passphrase('battery staple') })] });
    const error = await failureOf(client.call('sum.add', 1, { timeoutMs: 30_000 }));
    expect(error.message).toContain(`stage "${AES}" finds them not authentic, with key id "k1"`);
  });

  it('fail later calls as well, and all of them', async () => {
    await serve([sealed()]);
    const client = cluster.client();
    for (let round = 0; round < 3; round++) {
      const calls = Array.from({ length: 20 }, (_, i) =>
        failureOf(client.call('sum.add', i, { timeoutMs: 30_000 })),
      );
      const statuses = (await Promise.all(calls)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set(['FAILED_PRECONDITION']));
    }
  });

  it('leave a client alone that fits', async () => {
    const server = await serve([sealed()]);
    const stranger = cluster.client();
    const client = cluster.client({ interceptors: [sealed()] });
    const failing = failureOf(stranger.call('sum.add', 1, { timeoutMs: 30_000 }));
    expect((await client.call('sum.slow', 600)).value).toBe(600);
    expect(client.counters.refusalNoticesHeard).toBe(0);
    expect((await failing).status).toBe('FAILED_PRECONDITION');
    expect(server.counters.refusalNoticesSent).toBeGreaterThan(0);
  });

  it('are named by the deadline when it is this client that cannot read the replies', async () => {
    // Both read each other's requests; the server writes with a key that this client lacks.
    const both = { k1: Buffer.alloc(32, 1), k2: Buffer.alloc(32, 2) };
    await serve([encryption({ keyring: keyring({ current: 'k2', keys: both }) })]);
    const client = cluster.client({ interceptors: [sealed('k1', 1)] });
    const error = await failureOf(client.call('sum.add', 1, { timeoutMs: 600 }));
    expect(error.status).toBe('DEADLINE_EXCEEDED');
    expect(error.message).toContain(`This client refused a reply meanwhile. Refused rpc.replies[0]@`);
    expect(error.message).toContain(`(unknown-key, stage "${AES}", key id "k2")`);
  });

  describe('in a forged notice', () => {
    it('have no effect on a client that was answered, 10,000 times', async () => {
      await serve();
      const client = cluster.client();
      await client.call('sum.add', 1);
      const slow = client.call('sum.slow', 800);
      await forge(client, 10_000);
      expect((await slow).value).toBe(800);
      expect((await client.call('sum.add', 2)).value).toBe(2);
      expect(client.counters.refusalNoticesHeard).toBe(10_000);
    });

    it('have no effect before the first answer if it comes within the grace', async () => {
      await serve();
      const client = cluster.client();
      await client.connect();
      const calls = Array.from({ length: 50 }, (_, i) => client.call('sum.add', i));
      const slow = client.call('sum.slow', 700);
      await forge(client, 1_000);
      await Promise.all(calls);
      expect((await slow).value).toBe(700);
    });

    it('end no more than the calls before it, and none once a late answer came', async () => {
      await serve();
      const client = cluster.client();
      await client.connect();
      const first = failureOf(client.call('sum.slow', 500));
      await until(() => client.openCalls === 1);
      await forge(client);
      expect((await first).message).toContain('if it is not true, the call may have run');
      await until(() => client.counters.lateReplies === 1);
      const second = client.call('sum.slow', 500);
      await forge(client, 10);
      expect((await second).value).toBe(500);
    });

    it('stand in the error of a call that finds no answer until its deadline', async () => {
      const server = await serve();
      const client = cluster.client();
      await client.call('sum.add', 1);
      const slow = failureOf(client.call('sum.slow', 5_000, { timeoutMs: 400 }));
      await forge(client);
      const error = await slow;
      expect(error.status).toBe('DEADLINE_EXCEEDED');
      expect(error.message).toContain('its stage "y" finds them not authentic, with key id "k"');
      const later = await failureOf(client.call('sum.slow', 5_000, { timeoutMs: 50 }));
      expect(later.message).not.toContain('finds them not authentic');
      expect(server.counters.refusalNoticesSent).toBe(0);
    });

    it('say nothing of services that were never called, or in words that cannot be read', async () => {
      await serve();
      const client = cluster.client();
      await client.connect();
      const rpc = encodeEnvelope({
        direction: 'refusal',
        sender: SERVER_ID,
        recipient: Buffer.from(client.id, 'hex'),
      });
      const other = encodeRefusal({
        code: 'stages',
        topic: 'rpc.other.requests',
        serverStages: 'x',
        stage: '',
        keyId: '',
      });
      const same = encodeRefusal({
        code: 'stages',
        topic: 'rpc.sum.requests',
        serverStages: '',
        stage: '',
        keyId: '',
      });
      const values = [other, same, Buffer.alloc(0), null, Buffer.alloc(9_000), Buffer.from('07', 'hex')];
      const slow = client.call('sum.slow', 600);
      await raw.produce(
        values.map((value) => ({ topic: 'rpc.replies', partition: 0, value, headers: { rpc } })),
        { acks: -1 },
      );
      expect((await slow).value).toBe(600);
      expect(client.counters).toMatchObject({ recordsRefused: 4, refusalNoticesHeard: 2 });
    });
  });
});
