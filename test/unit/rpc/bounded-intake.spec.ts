import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { compression, msgpack, type KafkaDriver, type WireInterceptor } from 'nestjs-kafka-rpc';
import { deferred, type Deferred } from '../../support/deferred.js';
import { request, requestEnvelope } from '../../support/incoming-calls.js';
import { connectRaw, produceToEach, speak } from '../../support/raw-records.js';
import { RpcCluster, type ServeOptions } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const TOPIC = 'rpc.sum.requests';

/** A stage that lets bytes pass, and counts. */
class CountingStage implements WireInterceptor {
  readonly name = 'counting';
  decoded = 0;
  inside = 0;
  mostInside = 0;

  constructor(private readonly gate?: Promise<void>) {}

  encode(bytes: Buffer): Buffer {
    return bytes;
  }

  decode(bytes: Buffer): Buffer | Promise<Buffer> {
    this.decoded += 1;
    return this.gate === undefined ? bytes : this.wait(bytes, this.gate);
  }

  private async wait(bytes: Buffer, gate: Promise<void>): Promise<Buffer> {
    this.inside += 1;
    this.mostInside = Math.max(this.mostInside, this.inside);
    await gate;
    this.inside -= 1;
    return bytes;
  }
}

describe('what a server has in hand', () => {
  let cluster: RpcCluster;
  let gate: Deferred<void>;

  @Controller()
  class SlowController {
    @MessagePattern('sum.add')
    async add(): Promise<void> {
      await gate.promise;
    }
  }

  beforeEach(() => {
    cluster = new RpcCluster({ maxBatchBytes: 16 * 1024 * 1024 });
    gate = deferred();
  });

  afterEach(async () => {
    gate.resolve();
    await cluster.close();
  });

  const serve = (options: ServeOptions) =>
    cluster.serve({ controllers: [SlowController] }, { partitions: 2, concurrency: 1, ...options });

  /** So many records with one call each, on every partition in turn. */
  const write = async (
    count: number,
    {
      payload = msgpack().serialize({}),
      topic = TOPIC,
      stage,
    }: { payload?: Buffer; topic?: string; stage?: WireInterceptor } = {},
  ): Promise<void> => {
    const connection = await connectRaw(cluster.driver);
    cluster.onClose(() => connection.close());
    await stage?.open?.();
    for (let at = 0; at < count; at += 100) {
      const records = Array.from({ length: Math.min(100, count - at) }, (_, i) => {
        const stages = stage === undefined ? 'counting' : `${stage.name}+counting`;
        const envelope = requestEnvelope({ contentType: 'msgpack', stages });
        const record = speak(envelope, request({ seq: at + i + 1, ttlMs: 0, payload }));
        const place = { topic, partition: i % 2 };
        const value =
          stage === undefined
            ? record.value
            : stage.encode(record.value, {
                ...place,
                direction: 'request',
                envelope: record.headers['rpc']!,
                headers: {},
              });
        return { ...record, ...place, value: value as Buffer };
      });
      await produceToEach(connection, records);
    }
  };

  it('is bounded before anything is inflated: two calls are inflated where two may be in hand', async () => {
    const counting = new CountingStage();
    const zip = compression({ algorithm: 'gzip' });
    const { server } = await serve({ maxQueued: 2, interceptors: [zip, counting] });
    await write(60, { payload: msgpack().serialize(Buffer.alloc(4_000_000)), stage: zip });
    await until(() => server.callsInHand > 0);
    await turns(200);
    expect(counting.decoded).toBeLessThanOrEqual(2);
    expect(server.callsInHand).toBeLessThanOrEqual(2);
    gate.resolve();
    await until(() => server.counters.callsStarted === 60);
  });

  it('is bounded in bytes, inflated, whatever the number of calls', async () => {
    const counting = new CountingStage();
    const zip = compression({ algorithm: 'gzip' });
    const { server } = await serve({ maxQueuedRequestBytes: 10_000_000, interceptors: [zip, counting] });
    await write(40, { payload: msgpack().serialize(Buffer.alloc(4_000_000)), stage: zip });
    await until(() => server.callsInHand > 0);
    await turns(200);
    expect(counting.decoded).toBeLessThanOrEqual(3);
    gate.resolve();
    await until(() => server.counters.callsStarted === 40);
  });

  it('is bounded while records are in an asynchronous stage', async () => {
    const stages = deferred();
    const counting = new CountingStage(stages.promise);
    const { server } = await serve({ maxQueued: 10, interceptors: [counting] });
    await write(1_500);
    await until(() => counting.inside > 0);
    await turns(200);
    expect(counting.mostInside).toBeLessThanOrEqual(10);
    stages.resolve();
    await until(() => server.callsInHand > 0);
    await turns(200);
    expect(server.callsInHand).toBeLessThanOrEqual(10);
    gate.resolve();
    await until(() => server.counters.callsStarted === 1_500);
    expect(counting.mostInside).toBeLessThanOrEqual(10);
  });

  it('counts bytes of records in an asynchronous stage as well', async () => {
    const stages = deferred();
    const counting = new CountingStage(stages.promise);
    await serve({ maxQueuedRequestBytes: 5_000_000, maxRecordBytes: 1_000_000, interceptors: [counting] });
    await write(100);
    await until(() => counting.inside > 0);
    await turns(200);
    expect(counting.mostInside).toBeLessThanOrEqual(5);
    stages.resolve();
  });

  it('is bounded for a service whose group is joined when the server is full', async () => {
    const joining = deferred();
    const driver: KafkaDriver = {
      name: 'slow to join',
      connect: async (options) => {
        const connection = await cluster.driver.connect(options);
        const joinGroup = connection.joinGroup.bind(connection);
        connection.joinGroup = async (group, handler) => {
          if (group.groupId === 'rpc.two') await joining.promise;
          return joinGroup(group, handler);
        };
        return connection;
      },
    };
    const first = await cluster.serve({ controllers: [] }, { service: 'two', partitions: 2 });
    await first.app.close();
    const counting = new CountingStage();
    await write(10_000, { topic: 'rpc.two.requests' });
    const serving = serve({ service: ['one', 'two'], driver, maxQueued: 100, interceptors: [counting] });
    await until(() => counting.decoded === 0);
    const connection = await connectRaw(cluster.driver);
    cluster.onClose(() => connection.close());
    // The topics of both are there before a group is joined.
    for (let isThere = false; !isThere; await turns(1))
      isThere = await connection.partitionCount('rpc.one.requests').then(
        () => true,
        () => false,
      );
    await write(200, { topic: 'rpc.one.requests' });
    await until(() => counting.decoded >= 100);
    joining.resolve();
    const { server } = await serving;
    await turns(300);
    expect(counting.decoded).toBeLessThanOrEqual(101);
    gate.resolve();
    await until(() => server.counters.callsStarted === 10_200);
  });
});
