import { randomBytes } from 'node:crypto';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  encryption,
  keyring,
  verification,
  type ConsumerRecord,
  type DriverConnection,
  type KafkaRpcClient,
  type WireInterceptor,
} from 'nestjs-kafka-rpc';
import { from, lastValueFrom, toArray, type Observable } from 'rxjs';
import { encodeEnvelope, ENVELOPE_HEADER } from '../../lib/protocol/envelope.js';
import type { Message } from '../../lib/protocol/message.js';
import { deferred } from '../support/deferred.js';
import { connectRaw, frameList } from '../support/raw-records.js';
import { RpcCluster } from '../support/rpc-cluster.js';
import { turns, until } from '../support/until.js';

const keys = keyring({ current: 'k1', keys: { k1: randomBytes(32) } });
const others = keyring({ current: 'k1', keys: { k1: randomBytes(32) } });
const FORGERIES = 10_000;

const STAGES: readonly [string, (own: boolean) => WireInterceptor][] = [
  ['encryption', (own) => encryption({ keyring: own ? keys : others })],
  ['verification', (own) => verification({ keyring: own ? keys : others })],
];

const anyReply = (seq: number): Message => ({
  kind: 'complete',
  seq,
  run: 1,
  index: 0,
  receivedAtMs: 0,
  repliedAtMs: 0,
  payload: Buffer.from([0xa6, ...Buffer.from('forged')]),
});

describe.each(STAGES)('S6, forged and guessed replies, with %s', (_name, stage) => {
  let gate = deferred();
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let raw: DriverConnection;
  let replies: ConsumerRecord[];

  @Controller()
  class SumController {
    @MessagePattern('sum.add')
    async add(@Payload() data: unknown): Promise<unknown> {
      if (data === 'slow') await gate.promise;
      return data;
    }

    @MessagePattern('sum.count')
    count(@Payload() to: number): Observable<number> {
      return from(Array.from({ length: to }, (_, i) => i));
    }
  }

  beforeEach(async () => {
    gate = deferred();
    replies = [];
    cluster = new RpcCluster();
    await cluster.serve(
      { controllers: [SumController] },
      { interceptors: [stage(true)], replyPartitions: 1 },
    );
    client = cluster.client({ interceptors: [stage(true)] });
    await client.connect();
    raw = await connectRaw(cluster.driver);
    cluster.onClose(() => raw.close());
    const place = { topic: 'rpc.replies', partition: 0, from: 'latest' } as const;
    await raw.readPartition(place, (read) => void replies.push(...read));
  });

  afterEach(() => cluster.close());

  const append = (value: Buffer, headers: ConsumerRecord['headers']): Promise<unknown> =>
    raw.produce([{ topic: 'rpc.replies', partition: 0, value, headers: headers as Record<string, Buffer> }], {
      acks: -1,
    });

  /** Everything but the key: the id of the client, the numbers of its calls, the server, the names of the stages. */
  const forged = async (stages: string, encoder: WireInterceptor, seqs: readonly number[]) => {
    const [sender, recipient] = [randomBytes(16), Buffer.from(client.id, 'hex')];
    const envelope = encodeEnvelope({
      direction: 'reply',
      sender,
      contentType: 'msgpack',
      stages,
      recipient,
    });
    const place = { topic: 'rpc.replies', partition: 0 };
    const context = { direction: 'reply', ...place, envelope, headers: {} } as const;
    const value = await encoder.encode(frameList(...seqs.map(anyReply)), context);
    return { ...place, value, headers: { [ENVELOPE_HEADER]: envelope } };
  };

  it(`none of ${FORGERIES} replies with the right ids and without the key settles a call`, async () => {
    const { name } = stage(true);
    const forger = stage(false);
    await forger.open?.();
    const plain: WireInterceptor = { name, encode: (bytes) => bytes, decode: (bytes) => bytes };
    const noise: WireInterceptor = { name, encode: () => randomBytes(200), decode: (bytes) => bytes };
    const kinds: readonly (readonly [string, WireInterceptor])[] = [
      [name, forger],
      [name, plain],
      [name, noise],
      ['', plain],
    ];
    const call = client.call('sum.add', 'slow', { timeoutMs: 60_000 });
    const seqs = Array.from({ length: 10 }, (_, i) => i + 1);
    for (let sent = 0; sent < FORGERIES; sent += 100) {
      const batch = Array.from({ length: 100 }, (_, i) => forged(...kinds[i % 4]!, seqs));
      await raw.produce(await Promise.all(batch), { acks: -1 });
      await until(() => client.counters.recordsRefused === sent + 100);
    }
    expect(client.openCalls).toBe(1);
    gate.resolve();
    expect((await call).value).toBe('slow');
    expect(client.counters.lateReplies).toBe(0);
  }, 60_000);

  it('no reply to one call settles another', async () => {
    expect((await client.call('sum.add', 'first')).value).toBe('first');
    await until(() => replies.length === 1);
    const slow = client.call('sum.add', 'slow');
    await turns();
    for (let i = 0; i < 100; i++) await append(replies[0]!.value!, replies[0]!.headers);
    await until(() => client.counters.lateReplies === 100);
    expect(client.openCalls).toBe(1);
    gate.resolve();
    expect((await slow).value).toBe('slow');
  });

  it('no value of a stream is taken twice, whenever it is appended again', async () => {
    await lastValueFrom(client.send('sum.count', 50));
    await until(() => replies.length > 0);
    const first = replies.splice(0);
    const again = async (): Promise<void> => {
      for (const { value, headers } of [...first, ...replies]) await append(value!, headers);
    };
    const values = lastValueFrom(client.send<number>('sum.count', 500).pipe(toArray()));
    await Promise.all([again(), again(), again()]);
    expect(await values).toEqual(Array.from({ length: 500 }, (_, i) => i));
    await again();
    expect(await lastValueFrom(client.send('sum.count', 3).pipe(toArray()))).toEqual([0, 1, 2]);
  });

  it('takes no reply that was made for another client', async () => {
    expect((await client.call('sum.add', 'mine')).value).toBe('mine');
    await until(() => replies.length === 1);
    const { value, headers } = replies[0]!;
    const envelope = Buffer.from(headers[ENVELOPE_HEADER] as Buffer);
    const other = cluster.client({ interceptors: [stage(true)] });
    await other.connect();
    Buffer.from(other.id, 'hex').copy(envelope, envelope.length - 16);
    const slow = other.call('sum.add', 'slow');
    await append(value!, { [ENVELOPE_HEADER]: envelope });
    await until(() => other.counters.recordsRefused === 1);
    gate.resolve();
    expect((await slow).value).toBe('slow');
  });
});

describe('S6, ids', () => {
  it('of a million instances repeat none, and share no more than chance has them share', async () => {
    const { newInstanceId } = await import('../../lib/protocol/instance-id.js');
    const seen = new Set<string>();
    let [previous, equalBytes] = [newInstanceId(), 0];
    for (let i = 0; i < 1_000_000; i++) {
      const id = newInstanceId();
      for (let at = 0; at < 16; at += 1) if (id[at] === previous[at]) equalBytes += 1;
      seen.add(id.toString('latin1'));
      previous = id;
    }
    expect(seen.size).toBe(1_000_000);
    // A byte equals its neighbour's once in 256 times: 62,500 of 16 million, give or take 250.
    expect(Math.abs(equalBytes - 62_500)).toBeLessThan(2_500);
  }, 30_000);
});
