import { Controller, Logger } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { encryption, keyring } from 'nestjs-kafka-rpc';
import type { DriverConnection, KafkaRpcServer, WireInterceptor } from 'nestjs-kafka-rpc';
import type { RequestEnvelope } from '../../../lib/protocol/envelope.js';
import { newInstanceId } from '../../../lib/protocol/instance-id.js';
import { connectRaw, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const SECRET = 'canary-7f3a';
const SECRET_BYTE = '7f';
const ENVELOPE: RequestEnvelope = {
  direction: 'request',
  sender: newInstanceId(),
  contentType: 'msgpack',
  stages: '',
  replyTo: null,
};

@Controller()
class SumController {
  @MessagePattern('sum.add')
  add(@Payload() data: number): number {
    return data;
  }
}

describe('a refused record in the log', () => {
  let cluster: RpcCluster;
  let raw: DriverConnection;
  let warnings: string[];

  beforeEach(async () => {
    cluster = new RpcCluster();
    warnings = [];
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
  });

  afterEach(async () => {
    await cluster.close();
    Logger.overrideLogger(false);
  });

  const litter = (value: Buffer | null, headers: Record<string, Buffer>, count = 1): Promise<unknown> => {
    const record = { topic: 'rpc.sum.requests', partition: 0, value, headers };
    return raw.produce(Array<typeof record>(count).fill(record), { acks: -1 });
  };

  const serve = async (interceptors: WireInterceptor[] = []): Promise<KafkaRpcServer> => {
    const { server } = await cluster.serve({ controllers: [SumController] }, { partitions: 1, interceptors });
    // Only now: the app was made without a log.
    const quiet = (): void => undefined;
    const warn = (...line: unknown[]): void => void warnings.push(line.join(' '));
    Logger.overrideLogger({ log: quiet, error: quiet, debug: quiet, warn });
    return server;
  };

  it('is one line for a flood of a kind, and one for another kind', async () => {
    const server = await serve();
    await litter(Buffer.from(SECRET), {}, 2_000);
    await litter(Buffer.from(SECRET), { rpc: Buffer.from([9]) });
    await until(() => server.counters.recordsRefused === 2_001);
    expect(server.counters.refusals).toMatchObject({ 'not-ours': 2_000, version: 1 });
    expect(warnings.map((line) => line.split(' Server')[0])).toEqual([
      'Refused rpc.sum.requests[0]@0 (not-ours): The record has no "rpc" header.',
      'Refused rpc.sum.requests[0]@2000 (version): Malformed record: protocol version 9 is unknown, this side speaks 1.',
    ]);
  });

  it('is one line for all messages that cannot be read, told to listeners once per record', async () => {
    const server = await serve();
    const told: string[] = [];
    server.on('refused', ({ offset, reason }) => told.push(`${reason} ${offset}`));
    const { headers } = speak(ENVELOPE);
    const bad = Buffer.from(`00000002ff${SECRET_BYTE}`.repeat(3), 'hex');
    await litter(bad, headers, 2);
    await until(() => server.counters.messagesMalformed === 6);
    expect(told).toEqual(['message 0', 'message 1']);
    expect(warnings.map((line) => line.split(' Server')[0])).toEqual([
      expect.stringMatching(/^Refused rpc\.sum\.requests\[0\]@0 \(message\): 3 messages /),
    ]);
  });

  it('tells stage and key id, and nothing of payload, headers or keys', async () => {
    const keys = { k1: Buffer.alloc(32, SECRET) };
    const stage = encryption({ keyring: keyring({ current: 'k1', keys }) });
    const quoting: WireInterceptor = {
      name: 'tenant',
      encode: (bytes) => bytes,
      decode: (bytes, { headers }) => {
        throw new Error(`${headers.tenant} sent ${bytes}`);
      },
    };
    const server = await serve([quoting, stage]);
    const envelope = { ...ENVELOPE, contentType: SECRET, stages: `tenant+${stage.name}` };
    const { headers } = speak(envelope);
    const bad = Buffer.concat([Buffer.from('0102', 'hex'), Buffer.from(`k9${SECRET}`.repeat(20))]);
    await litter(bad, { ...headers, tenant: Buffer.from(SECRET) });
    const context = { direction: 'request', topic: 'rpc.sum.requests', partition: 0, headers: {} } as const;
    const good = await stage.encode(Buffer.from(SECRET), { ...context, envelope: headers.rpc! });
    await litter(good, { ...headers, tenant: Buffer.from(SECRET) });
    await litter(Buffer.alloc(0), speak({ ...envelope, replyTo: { topic: SECRET, partition: 0 } }).headers);
    await until(() => server.counters.recordsRefused === 3);
    const lines = warnings.join('\n');
    expect(lines).toContain('(unknown-key, stage "encryption:aes-256-gcm", key id "k9")');
    expect(lines).toContain('(stage, stage "tenant")');
    expect(lines).toContain('(reply-address)');
    expect(lines).not.toContain(SECRET);
    expect(lines).not.toContain(Buffer.from(SECRET).toString('hex'));
  });

  it('is told by a client, too', async () => {
    await serve();
    const client = cluster.client({ replyPartitions: 1 });
    await client.connect();
    // It reads one of them, chosen at random.
    for (const partition of Array(await raw.partitionCount('rpc.replies')).keys()) {
      await raw.produce([{ topic: 'rpc.replies', partition, value: Buffer.from(SECRET) }], { acks: -1 });
    }
    await until(() => client.counters.refusals['not-ours'] === 1);
    expect(warnings.filter((line) => line.includes('Refused rpc.replies'))).toHaveLength(1);
    expect(warnings.join()).not.toContain(SECRET);
  });

  it('is told by a client of messages that it cannot read, in one line, and by their call at its deadline', async () => {
    await serve();
    const client = cluster.client({ replyPartitions: 1, service: 'nobody' });
    await client.connect();
    const told = /\(message\): 3 messages /;
    const failure = client.call('x', 1, { timeoutMs: 500 }).catch(String);
    await turns();
    const { id: recipient } = client;
    const { headers } = speak({ ...ENVELOPE, direction: 'reply', recipient: Buffer.from(recipient, 'hex') });
    const value = Buffer.from('00000001ff'.repeat(3), 'hex');
    for (const partition of Array(await raw.partitionCount('rpc.replies')).keys()) {
      await raw.produce([{ topic: 'rpc.replies', partition, value, headers }], { acks: -1 });
    }
    await until(() => client.counters.messagesMalformed === 3);
    expect(client.counters.refusals.message).toBe(1);
    expect(warnings.filter((line) => told.test(line))).toHaveLength(1);
    expect(await failure).toMatch(told);
  });
});
