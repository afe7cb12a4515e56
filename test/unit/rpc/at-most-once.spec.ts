import { Controller, type Type } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcContext, type KafkaRpcServerOptions } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { decodeFinishedMap } from '../../../lib/server/commits/finished-map-decoder.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { GatedCommits } from '../../support/gated-commits.js';
import { RpcCluster, type RunningApp } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe("a handler with commit: 'before'", () => {
  let cluster: RpcCluster;
  let commits: GatedCommits;
  let runs: unknown[];
  /** Whether the commits that the broker had when it started name the call as finished, by the data of each. */
  let named: Map<unknown, boolean>;
  let gate: Deferred<void>;

  beforeEach(() => {
    cluster = new RpcCluster();
    commits = new GatedCommits(cluster.driver);
    runs = [];
    named = new Map();
    gate = deferred();
  });

  afterEach(async () => {
    gate.resolve();
    commits.before = () => Promise.resolve();
    await cluster.close();
  });

  const isNamed = (context: KafkaRpcContext): boolean =>
    commits.taken.flat().some(({ topic, partition, offset, metadata = '' }) => {
      if (topic !== context.getTopic() || partition !== context.getPartition()) return false;
      const known = decodeFinishedMap(metadata, { topic, partition, offset }).map?.find(context.getOffset());
      const [call] = context.getArgs();
      return offset > context.getOffset() || known === 'finished' || known?.has(call.index) === true;
    });

  const note = (data: unknown, context: KafkaRpcContext): unknown => {
    runs.push(data);
    named.set(data, isNamed(context));
    return data;
  };

  @Controller()
  class MailController {
    @MessagePattern<string>('mail.send', { commit: 'before' })
    send(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): unknown {
      return note(data, context);
    }

    @MessagePattern<string>('mail.slow', { commit: 'before' })
    async slow(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): Promise<unknown> {
      note(data, context);
      await gate.promise;
      return data;
    }

    @EventPattern<string>('mail.fails', { commit: 'before' })
    fails(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): void {
      note(data, context);
      throw new RpcError('UNAVAILABLE', 'the mail server does not answer');
    }

    @MessagePattern<string>('mail.count')
    count(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): unknown {
      return note(data, context);
    }

    @EventPattern<string>('mail.waits')
    async waits(@Payload() data: unknown): Promise<void> {
      runs.push(data);
      await gate.promise;
    }
  }

  const serve = (options: Partial<KafkaRpcServerOptions> = {}, controller: Type = MailController) =>
    cluster.serve(
      { controllers: [controller] },
      { driver: commits, partitions: 1, gracePeriodMs: 50, ...options },
    );
  const emit = (pattern: string, data: unknown, options = {}): Promise<unknown> =>
    lastValueFrom(cluster.client({ partitions: 1 }).emit(pattern, data, options), { defaultValue: null });

  it('starts when the broker has a commit that names its call, and another handler before', async () => {
    await serve();
    const client = cluster.client({ partitions: 1 });
    const calls = Array.from({ length: 50 }, (_, i) => client.call(i % 2 ? 'mail.send' : 'mail.count', i));
    expect((await Promise.all(calls)).map(({ value }) => value)).toEqual([...calls.keys()]);
    expect([...named].filter(([data, isNamed]) => isNamed !== ((data as number) % 2 === 1))).toEqual([]);
  });

  it('shares its commits with all that wait meanwhile', async () => {
    await serve({ commitIntervalMs: 60_000 });
    const client = cluster.client({ partitions: 1 });
    await client.call('mail.send', 'first');
    const before = commits.taken.length;
    commits.before = () => turns(5);
    await Promise.all(Array.from({ length: 300 }, (_, i) => client.call('mail.send', i)));
    expect(runs).toHaveLength(301);
    expect(commits.taken.length - before).toBeLessThan(40);
  });

  it('does not start, though its server is closed, while the broker takes no commit; the next server runs it', async () => {
    const first = await serve({ sessionTimeoutMs: 1_000 });
    commits.before = () => Promise.reject(new RpcError('UNAVAILABLE', 'no coordinator'));
    const answer = cluster.client({ partitions: 1 }).call('mail.send', 'a');
    await until(() => first.server.callsInHand === 1);
    await turns(200);
    expect(runs).toEqual([]);
    await first.app.close();
    commits.before = () => Promise.resolve();
    await serve();
    expect((await answer).value).toBe('a');
    expect(runs).toEqual(['a']);
  });

  it('does not run again when its server ended in the middle: the caller is never answered', async () => {
    const first = await serve();
    const answer = cluster.client({ partitions: 1 }).call('mail.slow', 'a', { timeoutMs: 1_500 });
    const failed = expect(answer).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    await until(() => runs.length === 1);
    await first.app.close();
    await serve();
    await emit('mail.waits', 'behind');
    await until(() => runs.includes('behind'));
    await failed;
    expect(runs).toEqual(['a', 'behind']);
  });

  it('gives its answer though its partition has moved meanwhile', async () => {
    const { server } = await serve();
    const answer = cluster.client({ partitions: 1 }).call('mail.slow', 'a');
    await until(() => runs.length === 1);
    cluster.driver.killMember('rpc.sum', 0);
    await turns();
    gate.resolve();
    expect((await answer).value).toBe('a');
    expect(runs).toEqual(['a']);
    expect(server.counters.callsStarted).toBe(1);
  });

  it('is not started for a call that is cancelled before, and holds no place then', async () => {
    const { server } = await serve({ concurrency: 1 });
    const held = deferred<undefined>();
    commits.before = () => held.promise;
    const client = cluster.client({ partitions: 1 });
    const cancelled = client.send('mail.send', 'cancelled').subscribe();
    await until(() => server.callsInHand === 1);
    cancelled.unsubscribe();
    const { value } = await client.call('mail.count', 'other');
    expect(value).toBe('other');
    held.resolve(undefined);
    await turns();
    expect(runs).toEqual(['other']);
  });

  it('is tried once, whatever the server says of retries', async () => {
    const { server } = await serve({ retry: { attempts: 5, backoffMs: 1 } });
    await emit('mail.fails', 'a');
    await until(() => server.counters.eventsFailed === 1);
    await turns(200);
    expect(runs).toEqual(['a']);
    expect(server.counters.retried).toBe(0);
  });

  it('has its delayed events wait where they were read: a second copy of one could run too', async () => {
    const { server } = await serve({ delays: true });
    await emit('mail.fails', 'later', { delayMs: 1_300 });
    await until(() => runs.length === 1);
    expect(server.counters).toMatchObject({ delayed: 0, eventsStarted: 1 });
    expect(named.get('later')).toBe(true);
  });

  it('waits while there is no room to name its call, and lets others run', async () => {
    const { server } = await serve({ commitMetadataBytes: 40, concurrency: 2 });
    const client = cluster.client({ partitions: 1 });
    // Holes of a map that has no room for what stands behind them.
    for (let i = 0; i < 30; i++) {
      await emit('mail.waits', `open ${i}`, { key: 'k' });
      await client.call('mail.count', i);
    }
    const answer = client.call('mail.send', 'a');
    await until(() => server.counters.finishedMapsCut > 0);
    await turns(200);
    await client.call('mail.count', 'meanwhile');
    expect(runs).not.toContain('a');
    gate.resolve();
    expect((await answer).value).toBe('a');
    expect(named.get('a')).toBe(true);
  });

  it('is refused by name with retries of its own, and with nothing to name calls in', async () => {
    @Controller()
    class RetriedController {
      @EventPattern<string>('mail.send', { commit: 'before', retry: { attempts: 2 } })
      send(): void {}
    }
    await expect(serve({}, RetriedController)).rejects.toThrow(
      /@EventPattern\('mail\.send'\) retry.*commit: 'before'/,
    );
    await expect(serve({ commitMetadataBytes: 0 })).rejects.toThrow(/commitMetadataBytes/);
    await expect(serve({ commit: 'before', retry: { attempts: 2 } })).rejects.toThrow(/retry/);
    await expect(serve({ commit: 'never' as 'before' })).rejects.toThrow(/commit.*'after' or 'before'/);
  });

  it('is what every handler is where the server says so, but for those that say otherwise', async () => {
    @Controller()
    class MixedController {
      @MessagePattern<string>('plain')
      plain(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): unknown {
        return note(data, context);
      }

      @MessagePattern<string>('other', { commit: 'after' })
      other(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): unknown {
        return note(data, context);
      }
    }
    const { server }: RunningApp = await serve(
      { commit: 'before', commitIntervalMs: 60_000 },
      MixedController,
    );
    const client = cluster.client({ partitions: 1 });
    await client.call('other', 'other');
    await client.call('plain', 'plain');
    expect([...named]).toEqual([
      ['other', false],
      ['plain', true],
    ]);
    expect(server.counters.callsStarted).toBe(2);
  });
});
