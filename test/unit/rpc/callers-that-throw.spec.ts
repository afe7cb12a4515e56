import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { config, finalize, lastValueFrom, NEVER, type Observable, of, take } from 'rxjs';
import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const broken = (): never => {
  throw new Error('a bug of the caller');
};

describe('a caller whose own code throws', () => {
  let cluster: RpcCluster;
  let client: KafkaRpcClient;
  let events: unknown[];

  @Controller()
  class SumController {
    @MessagePattern('sum.never')
    never(): Observable<never> {
      return NEVER;
    }

    @MessagePattern('sum.echo')
    echo(@Payload() data: unknown): unknown {
      return data;
    }

    @MessagePattern('sum.stream')
    stream(): Observable<number> {
      return of(1, 2, 3);
    }

    @EventPattern('sum.done')
    done(@Payload() data: unknown): void {
      events.push(data);
    }
  }

  beforeEach(async () => {
    events = [];
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [SumController] }, { partitions: 1, gracePeriodMs: 20 });
    client = cluster.client();
    await client.connect();
  });

  afterEach(() => cluster.close());

  /** A call whose teardown throws however it ends. */
  const callBadly = (pattern: string, by = client): string[] => {
    const heard: string[] = [];
    by.send(pattern, {})
      .pipe(finalize(broken))
      .subscribe({
        next: () => heard.push('value'),
        complete: () => heard.push('end'),
        error: (error: { status: string }) => heard.push(error.status),
      });
    return heard;
  };

  it('at their deadline harms none of the others that are due in the same tick', async () => {
    const hurried = cluster.client({ timeoutMs: 60 });
    await hurried.connect();
    const bad = callBadly('sum.never', hurried);
    const others = [1, 2, 3].map(() => hurried.call('sum.never', {}));
    const outcomes = await Promise.allSettled(others);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.status)).toEqual(
      Array(3).fill('DEADLINE_EXCEEDED'),
    );
    expect(bad).toEqual(['DEADLINE_EXCEEDED']);
    expect(hurried.openCalls).toBe(0);
    expect(hurried.counters.userCodeErrors).toBe(1);
  });

  it('when its call cannot be delivered harms none beside it in the record, and the way to the broker stays open', async () => {
    cluster.driver.stopBroker();
    const bad = callBadly('sum.echo');
    const beside = client.call('sum.echo', {}, { timeoutMs: 300 });
    const event = lastValueFrom(client.emit('sum.done', 'x'), { defaultValue: 'sent' });
    await Promise.allSettled([beside, event]);
    cluster.driver.startBroker();
    expect((await client.call('sum.echo', 7)).value).toBe(7);
    await until(() => bad.length > 0);
    expect(client.openCalls).toBe(0);
  });

  it('at its answer harms none beside it in the record', async () => {
    const bad = [callBadly('sum.echo'), callBadly('sum.stream')];
    const beside = Promise.all([client.call('sum.echo', 1), client.call('sum.echo', 2)]);
    expect((await beside).map(({ value }) => value)).toEqual([1, 2]);
    await until(() => client.openCalls === 0);
    expect(bad).toEqual([
      ['value', 'end'],
      ['value', 'value', 'value', 'end'],
    ]);
    expect(client.counters).toMatchObject({ userCodeErrors: 2, recordsRefused: 0 });
  });

  it('out of the middle of a stream harms none beside it', async () => {
    client.send('sum.stream', {}).pipe(take(1), finalize(broken)).subscribe();
    expect((await client.call('sum.echo', 1)).value).toBe(1);
    expect(client.openCalls).toBe(0);
  });

  it('at every value, where RxJS throws those at once, harms none beside it', async () => {
    config.useDeprecatedSynchronousErrorHandling = true;
    try {
      client.send('sum.stream', {}).subscribe(broken);
      const beside = client.call('sum.echo', 1);
      expect((await beside).value).toBe(1);
      await until(() => client.openCalls === 0);
    } finally {
      config.useDeprecatedSynchronousErrorHandling = false;
    }
  });

  it('does not keep the client from being closed', async () => {
    const bad = [callBadly('sum.never'), callBadly('sum.never')];
    const beside = client.call('sum.never', {});
    beside.catch(() => undefined);
    await until(() => client.openCalls === 3);
    await client.close();
    await expect(beside).rejects.toMatchObject({ status: 'CANCELLED' });
    expect(bad).toEqual([['CANCELLED'], ['CANCELLED']]);
    expect(client.openCalls).toBe(0);
  });

  it('while the client connects harms none that wait with it', async () => {
    cluster.driver.stopBroker();
    const late = cluster.client();
    const bad = callBadly('sum.echo', late);
    const beside = late.call('sum.echo', {});
    await expect(beside).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(bad).toEqual(['UNAVAILABLE']);
    expect(late.openCalls).toBe(0);
    cluster.driver.startBroker();
    expect((await late.call('sum.echo', 3)).value).toBe(3);
  });

  it('in a listener keeps no other listener from being told', async () => {
    const watched = cluster.client();
    const heard: string[] = [];
    watched.on('connected', () => {
      throw 1n;
    });
    watched.on('connected', () => heard.push('listener'));
    expect((await watched.call('sum.echo', 3)).value).toBe(3);
    expect(heard).toEqual(['listener']);
    expect(watched.counters.userCodeErrors).toBe(1);
  });

  it('at the end of an event it sent harms neither the process nor who else waits for the event', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown): number => uncaught.push(error);
    process.on('uncaughtException', note);
    const heard: string[] = [];
    const event = client.emit('sum.done', 'x');
    event.pipe(finalize(broken)).subscribe();
    event.subscribe({ complete: () => heard.push('end') });
    await until(() => heard.length === 1 && events.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('uncaughtException', note);
    expect(uncaught).toEqual([]);
    expect(client.counters.userCodeErrors).toBe(1);
  });

  it('in the signal it gives is told so before anything is sent', async () => {
    const signal = { aborted: false, addEventListener: broken } as unknown as AbortSignal;
    await expect(client.call('sum.never', {}, { signal })).rejects.toThrow();
    expect(client.openCalls).toBe(0);
  });
});
