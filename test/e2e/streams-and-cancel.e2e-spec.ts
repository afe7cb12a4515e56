import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import {
  KafkaRpcContext,
  KafkaRpcRecordBuilder,
  type KafkaRpcClient,
  type KafkaRpcServer,
} from 'nestjs-kafka-rpc';
import {
  concat,
  finalize,
  interval,
  lastValueFrom,
  map,
  Observable,
  of,
  range,
  throwError,
  toArray,
} from 'rxjs';
import { RpcError } from 'nestjs-kafka-rpc';
import { eventually } from '../conformance/eventually.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

const stopped: string[] = [];
const started: string[] = [];

@Controller()
class StreamController {
  @MessagePattern('count')
  count(@Payload() values: number): Observable<number> {
    return range(0, values);
  }

  @MessagePattern('breaks')
  breaks(): Observable<number> {
    return concat(
      of(1, 2, 3),
      throwError(() => new RpcError('OUT_OF_RANGE', 'No fourth.')),
    );
  }

  @MessagePattern('ticks')
  ticks(@Payload() name: string): Observable<string> {
    return interval(20).pipe(
      map((tick) => `${name} ${tick}`),
      finalize(() => stopped.push(name)),
    );
  }

  @MessagePattern('waits')
  waits(@Payload() name: string, @Ctx() { signal }: KafkaRpcContext): Promise<string> {
    started.push(name);
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        stopped.push(name);
        resolve(name);
      });
    });
  }
}

describe('a call with many answers, or with none yet', () => {
  let cluster: LiveCluster;
  let server: KafkaRpcServer;
  let client: KafkaRpcClient;

  beforeAll(async () => {
    cluster = await LiveCluster.start();
    ({ server } = await cluster.serve({ controllers: [StreamController] }));
    client = cluster.client();
    await client.connect();
  });
  afterAll(() => cluster.close());

  const hear = (pattern: string, data: unknown) => {
    const values: unknown[] = [];
    let error: unknown;
    const subscription = client.send(pattern, data).subscribe({
      next: (value) => values.push(value),
      error: (thrown: unknown) => (error = thrown),
    });
    return { values, error: () => error, subscription };
  };

  it('gives 1,000 values in their order', async () => {
    const values = await lastValueFrom(client.send('count', 1_000).pipe(toArray()));
    expect(values).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  });

  it('gives the values before an error, and then the error', async () => {
    const { values, error } = hear('breaks', {});
    await eventually(10_000, () => expect(error()).toBeDefined());
    expect(values).toEqual([1, 2, 3]);
    expect(error()).toMatchObject({ status: 'OUT_OF_RANGE', message: 'No fourth.' });
  });

  it.each(['ticks', 'waits'])('stops the handler when the caller unsubscribes: %s', async (pattern) => {
    const name = `${pattern} unsubscribed`;
    const { values, subscription } = hear(pattern, name);
    await eventually(10_000, () => expect(server.callsInHand).toBe(1));
    // One that has not started is not run at all.
    if (pattern === 'ticks') await eventually(10_000, () => expect(values.length).toBeGreaterThan(2));
    else await eventually(10_000, () => expect(started).toContain(name));
    subscription.unsubscribe();
    await eventually(10_000, () => expect(stopped).toContain(name));
    await eventually(10_000, () => expect(server.callsInHand).toBe(0));
    expect(client.openCalls).toBe(0);
  });

  it('ends at its deadline in the middle of its values, here and there', async () => {
    const data = new KafkaRpcRecordBuilder('late').setTimeout(500).build();
    const { values, error } = hear('ticks', data);
    await eventually(10_000, () => expect(error()).toMatchObject({ status: 'DEADLINE_EXCEEDED' }));
    expect(values.length).toBeGreaterThan(2);
    expect(values).toEqual(values.map((_, i) => `late ${i}`));
    await eventually(10_000, () => expect(stopped).toContain('late'));
    expect(server.callsInHand).toBe(0);
  });

  it('leaves nothing behind', async () => {
    expect(client.openCalls).toBe(0);
    expect(await lastValueFrom(client.send('count', 3).pipe(toArray()))).toEqual([0, 1, 2]);
    expect(server.counters).toMatchObject({ recordsRefused: 0, callsCancelled: 2 });
  });
});
