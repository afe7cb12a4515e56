import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern } from '@nestjs/microservices';
import { KafkaRpcContext, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { RECORD_KINDS } from '../../support/checked-stages.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

describe.each(RECORD_KINDS)(
  'a cancel while the partition of its call moves, with %s records',
  (_what, interceptors) => {
    let cluster: RpcCluster;
    /** Of the runs, in their order. */
    let signals: AbortSignal[];
    let answer: Deferred<string>;

    @Controller()
    class SlowController {
      @MessagePattern('slow')
      slow(@Ctx() context: KafkaRpcContext): Promise<string> {
        signals.push(context.signal);
        return answer.promise;
      }

      @MessagePattern('echo')
      echo(): string {
        return 'echo';
      }
    }

    beforeEach(() => {
      cluster = new RpcCluster();
      signals = [];
      answer = deferred();
    });
    afterEach(async () => {
      answer.resolve('done');
      await cluster.close();
    });

    const serve = async (): Promise<KafkaRpcServer> => {
      const options = { partitions: 1, interceptors: interceptors(), idempotency: {} };
      return (await cluster.serve({ controllers: [SlowController] }, options)).server;
    };
    const startCall = async () => {
      const client = cluster.client({ partitions: 1, interceptors: interceptors() });
      const controller = new AbortController();
      const ended = client.call('slow', 1, { signal: controller.signal }).catch((error: Error) => error);
      await until(() => signals.length === 1);
      return { client, cancel: () => controller.abort(), ended };
    };

    it('stops its handler at the server that lost the partition', async () => {
      const first = await serve();
      const { cancel, ended } = await startCall();
      await serve();
      cluster.driver.killMember('rpc.sum', 0);
      await turns();
      expect(signals[0]!.aborted).toBe(false);
      cancel();
      await ended;
      await until(() => signals.every(({ aborted }) => aborted));
      expect(first.counters.callsCancelled).toBe(1);
    });

    it('leaves a run with an idempotency key alone, though it stops the call beside it: who asks next has its result', async () => {
      await serve();
      const { client, cancel, ended } = await startCall();
      const leaving = new AbortController();
      const options = { idempotencyKey: 'k', timeoutMs: 20_000 };
      const keyed = client
        .call('slow', 'keyed', { ...options, signal: leaving.signal })
        .catch(() => undefined);
      await until(() => signals.length === 2);
      await serve();
      cluster.driver.killMember('rpc.sum', 0);
      await turns();
      cancel();
      leaving.abort();
      await Promise.all([ended, keyed]);
      await until(() => signals[0]!.aborted);
      await turns();
      expect(signals[1]!.aborted).toBe(false);
      const next = client.call('slow', 'keyed', options);
      await turns();
      answer.resolve('done');
      expect((await next).value).toBe('done');
      expect((await client.call('slow', 'keyed', options)).value).toBe('done');
      const started = signals.length;
      await client.call('slow', 'keyed', options);
      expect(signals).toHaveLength(started);
    });

    it('leaves other calls alone, and those go on to their answer', async () => {
      await serve();
      const { client, cancel, ended } = await startCall();
      const other = client.call('slow', 2);
      await until(() => signals.length === 2);
      await serve();
      cluster.driver.killMember('rpc.sum', 0);
      await turns();
      cancel();
      await ended;
      await until(() => signals[0]!.aborted);
      expect(signals[1]!.aborted).toBe(false);
      answer.resolve('done');
      expect((await other).value).toBe('done');
      expect((await client.call('echo', 1)).value).toBe('echo');
    });
  },
);
