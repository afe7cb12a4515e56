import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { lastValueFrom, NEVER, startWith, type Observable } from 'rxjs';
import { RECORD_KINDS } from '../../support/checked-stages.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { RpcCluster, type ServeOptions } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe.each(RECORD_KINDS)('what is finished above a commit, with %s records', (_what, interceptors) => {
  let cluster: RpcCluster;
  let runs: unknown[];
  let gate: Deferred<void>;

  @Controller()
  class SumController {
    @EventPattern('done')
    done(@Payload() data: unknown): void {
      runs.push(data);
    }

    @EventPattern('slow')
    async slow(@Payload() data: unknown): Promise<void> {
      runs.push(data);
      await gate.promise;
    }

    @MessagePattern('open')
    open(@Payload() data: unknown): Observable<unknown> {
      runs.push(data);
      return NEVER.pipe(startWith(data));
    }
  }

  beforeEach(() => {
    cluster = new RpcCluster();
    runs = [];
    gate = deferred();
  });

  afterEach(async () => {
    gate.resolve();
    await cluster.close();
  });

  const serve = (options: ServeOptions = {}) =>
    cluster.serve(
      { controllers: [SumController] },
      { partitions: 1, gracePeriodMs: 50, interceptors: interceptors(), ...options },
    );
  const makeClient = () => cluster.client({ partitions: 1, interceptors: interceptors() });
  /** Emitted one after the other they have a record each, all at once some records. */
  const emit = async (client: ReturnType<typeof makeClient>, names: readonly string[]): Promise<void> => {
    await Promise.all(names.map((name) => lastValueFrom(client.emit('done', name), { defaultValue: null })));
  };
  const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `event ${i}`);

  it('is not run again by the next server when one with an open stream was closed', async () => {
    const first = await serve();
    const client = makeClient();
    const stream = client.send('open', 'stream').subscribe({ error: () => undefined });
    await until(() => runs.length === 1);
    await emit(client, names(900));
    for (const name of names(100)) await emit(client, [`${name}, alone`]);
    await until(() => runs.length === 1_001);
    await first.app.close();

    const second = await serve();
    await emit(client, ['last']);
    await until(() => runs.includes('last'));
    // The stream was not over, and is run again.
    expect(runs.slice(1_001).sort()).toEqual(['last', 'stream']);
    expect(second.server.counters.recordsRedelivered).toBeGreaterThan(0);
    stream.unsubscribe();
  });

  it('is told call by call: of one record what was finished is not run again, and what was not is', async () => {
    const first = await serve();
    const client = makeClient();
    await emit(client, ['first']);
    await Promise.all([
      emit(client, ['a', 'b']),
      lastValueFrom(client.emit('slow', 'c'), { defaultValue: null }),
      emit(client, ['d', 'e']),
    ]);
    await until(() => runs.length === 6);
    await first.app.close();
    expect(runs).toEqual(['first', 'a', 'b', 'c', 'd', 'e']);

    await serve();
    await until(() => runs.length === 7);
    await emit(client, ['last']);
    await until(() => runs.length === 8);
    expect(runs.slice(6)).toEqual(['c', 'last']);
  });

  it('is not run again when partitions move to a server that comes, nor when they come back', async () => {
    await serve({ partitions: 4 });
    const client = makeClient();
    const streams = ['s1', 's2', 's3', 's4', 's5', 's6'].map((name) =>
      client.send('open', name).subscribe({ error: () => undefined }),
    );
    await until(() => runs.length === 6);
    await emit(client, names(200));
    await until(() => runs.length === 206);
    for (let time = 0; time < 3; time++) {
      const { app } = await serve({ partitions: 4 });
      await emit(
        client,
        names(50).map((name) => `${name} of time ${time}`),
      );
      await until(() => runs.filter((run) => String(run).includes(`time ${time}`)).length >= 50);
      await app.close();
    }
    await emit(client, ['last']);
    await until(() => runs.includes('last'));
    const events = runs.filter((run) => !/^s\d$/.test(String(run)));
    expect(events.length).toBe(351);
    expect(new Set(events).size).toBe(351);
    for (const stream of streams) stream.unsubscribe();
  });
});
