import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { msgpack } from 'nestjs-kafka-rpc';
import { event, requestEnvelope } from '../../support/incoming-calls.js';
import { connectRaw, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const circular: Record<string, unknown> = {};
circular['itself'] = circular;

describe('a record that is refused, of which', () => {
  let cluster: RpcCluster;
  let runs: number[];

  @Controller()
  class SumController {
    @EventPattern('sum.done')
    done(@Payload() number: number): void {
      runs.push(number);
    }
  }

  beforeEach(() => {
    cluster = new RpcCluster();
    runs = [];
  });

  afterEach(() => cluster.close());

  const write = async (): Promise<void> => {
    const connection = await connectRaw(cluster.driver);
    const good = (number: number, stages = '') =>
      speak(
        requestEnvelope({ contentType: 'msgpack', stages }),
        event({ seq: number + 1, pattern: 'sum.done', payload: msgpack().serialize(number) }),
      );
    const records = [good(0), good(90, 'other stages'), good(1), { value: Buffer.from('garbage') }, good(2)];
    const place = { topic: 'rpc.sum.requests', partition: 0 };
    await connection.produce(
      records.map((record) => ({ ...record, ...place })),
      { acks: -1 },
    );
    await connection.close();
  };

  it.each<[string, unknown]>([
    ['an error', new Error('a listener')],
    ['a BigInt', 1n],
    ['something circular', circular],
    [
      'something that cannot be looked at',
      {
        toJSON: () => {
          throw new Error('json');
        },
        toString: () => {
          throw new Error('text');
        },
      },
    ],
  ])('a listener throws %s, costs the records behind it nothing', async (_what, thrown) => {
    const { server } = await cluster.serve({ controllers: [SumController] }, { partitions: 1 });
    server.on('refused', () => {
      throw thrown;
    });
    await write();
    await until(() => runs.length === 3);
    expect(runs).toEqual([0, 1, 2]);
    expect(server.counters.recordsRefused).toBe(2);
  });

  it('a logger throws, costs the records behind it nothing', async () => {
    const { server } = await cluster.serve(
      { controllers: [SumController] },
      {
        partitions: 1,
        deadLetter: { refused: true },
        prepare: (_app, strategy) => {
          const fail = (): never => {
            throw new Error('a logger');
          };
          Object.assign(strategy, { logger: { log: fail, warn: fail, error: fail, debug: fail } });
        },
      },
    );
    await write();
    await until(() => runs.length === 3 && server.counters.deadLetters === 2);
    expect(runs).toEqual([0, 1, 2]);
  });

  it('the dead letter is lost and a logger throws, is committed, and so is what stands behind it', async () => {
    const { app, server } = await cluster.serve(
      { controllers: [SumController] },
      {
        partitions: 1,
        deadLetter: { refused: true },
        maxQueuedBytes: 1_024,
        prepare: (_app, strategy) => {
          const fail = (): never => {
            throw new Error('a logger');
          };
          Object.assign(strategy, { logger: { log: fail, warn: fail, error: fail, debug: fail } });
        },
      },
    );
    const connection = await connectRaw(cluster.driver);
    const place = { topic: 'rpc.sum.requests', partition: 0 };
    await connection.produce([{ ...place, value: Buffer.alloc(10_000) }], { acks: -1 });
    await connection.close();
    await write();
    await until(() => runs.length === 3 && server.counters.deadLettersLost >= 1);
    await app.close();
    const again = await cluster.serve({ controllers: [SumController] }, { partitions: 1 });
    await until(() => again.server.callsInHand === 0);
    expect(runs).toEqual([0, 1, 2]);
    expect(again.server.counters.recordsRefused).toBe(0);
  });
});
