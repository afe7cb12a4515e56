import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { msgpack, type WireInterceptor } from 'nestjs-kafka-rpc';
import { deferred, type Deferred } from '../../support/deferred.js';
import { event, requestEnvelope } from '../../support/incoming-calls.js';
import { connectRaw, produceToEach, speak } from '../../support/raw-records.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

const TOPIC = 'rpc.sum.requests';
const EVENTS = 20;

/** A stage whose first records take until the test says so. */
const slowStage = (gate: Deferred<void>): WireInterceptor & { entered: number } => ({
  name: 'slow',
  entered: 0,
  encode: (bytes) => bytes,
  async decode(bytes) {
    this.entered += 1;
    await gate.promise;
    return bytes;
  },
});

describe('records that an asynchronous stage works on while their partition moves', () => {
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
    const envelope = requestEnvelope({ contentType: 'msgpack', stages: 'slow' });
    const records = Array.from({ length: EVENTS }, (_, number) => ({
      ...speak(
        envelope,
        event({ seq: number + 1, pattern: 'sum.done', payload: msgpack().serialize(number) }),
      ),
      topic: TOPIC,
      partition: number % 4,
    }));
    await produceToEach(connection, records);
    await connection.close();
  };

  const sorted = (): number[] => [...runs].sort((a, b) => a - b);
  const all = Array.from({ length: EVENTS }, (_, number) => number);

  it('are run by the next owner alone', async () => {
    const gate = deferred();
    const stage = slowStage(gate);
    const open = slowStage(gate);
    const first = await cluster.serve(
      { controllers: [SumController] },
      { partitions: 4, interceptors: [stage] },
    );
    await write();
    await until(() => stage.entered === EVENTS);
    const second = await cluster.serve(
      { controllers: [SumController] },
      { partitions: 4, interceptors: [open] },
    );
    await until(() => open.entered === EVENTS / 2);
    gate.resolve();
    await until(() => runs.length >= EVENTS);
    await turns(200);
    expect(sorted()).toEqual(all);
    expect([first.server, second.server].map(({ counters }) => counters.eventsStarted)).toEqual([10, 10]);
  });

  it('are run once by a server that lost the partition and has it again, without waiting for the old ones', async () => {
    const gate = deferred();
    let isFirst = true;
    const stage: WireInterceptor = {
      name: 'slow',
      encode: (bytes) => bytes,
      decode: async (bytes) => {
        if (isFirst) await gate.promise;
        return bytes;
      },
    };
    const { server } = await cluster.serve(
      { controllers: [SumController] },
      { partitions: 4, interceptors: [stage] },
    );
    await write();
    await turns(50);
    expect(runs).toEqual([]);
    isFirst = false;
    cluster.driver.killMember('rpc.sum', 0);
    await until(() => runs.length === EVENTS);
    gate.resolve();
    await turns(200);
    expect(sorted()).toEqual(all);
    expect(server.counters.eventsStarted).toBe(EVENTS);
  });
});
