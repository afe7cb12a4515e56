import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { RECORD_KINDS } from '../../support/checked-stages.js';
import { deferred, type Deferred } from '../../support/deferred.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns, until } from '../../support/until.js';

/** Nothing is committed by itself while a test runs. */
const NEVER_MS = 60_000;

describe.each(RECORD_KINDS)(
  'what was finished before a partition was lost, with %s records',
  (_what, interceptors) => {
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

      @MessagePattern('add')
      add(@Payload() data: unknown): unknown {
        runs.push(data);
        return data;
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

    const serve = (concurrency = 128) =>
      cluster.serve(
        { controllers: [SumController] },
        { partitions: 1, commitIntervalMs: NEVER_MS, concurrency, interceptors: interceptors() },
      );
    const makeClient = () => cluster.client({ partitions: 1, interceptors: interceptors() });
    const lose = async (): Promise<void> => {
      cluster.driver.killMember('rpc.sum', 0);
      await turns(100);
    };

    it('is not run again when the partition comes back, however often that happens', async () => {
      const { server } = await serve();
      const client = makeClient();
      await lastValueFrom(client.emit('done', 'event'));
      await client.call('add', 'call');
      await until(() => runs.length === 2);
      for (let time = 0; time < 3; time++) await lose();
      expect((await client.call('add', 'later')).value).toBe('later');
      expect(runs).toEqual(['event', 'call', 'later']);
      expect(server.counters.recordsRedelivered).toBeGreaterThan(0);
    });

    it('is told call by call: of one record what was finished is not run again, and what was not is', async () => {
      await serve(1);
      const client = makeClient();
      await client.call('add', 'first');
      const sent = ['a', 'b'].map((name) => lastValueFrom(client.emit('done', name)));
      sent.push(lastValueFrom(client.emit('slow', 'c')));
      sent.push(...['d', 'e'].map((name) => lastValueFrom(client.emit('done', name))));
      await Promise.all(sent);
      await until(() => runs.length === 4);
      await lose();
      await lose();
      expect(runs).toEqual(['first', 'a', 'b', 'c']);
      gate.resolve();
      await until(() => runs.length === 6);
      await turns(100);
      expect(runs).toEqual(['first', 'a', 'b', 'c', 'd', 'e']);
    });

    it('is not run again though it was finished only after the partition was lost', async () => {
      await serve();
      const client = makeClient();
      await lastValueFrom(client.emit('slow', 'event'));
      await until(() => runs.length === 1);
      cluster.driver.killMember('rpc.sum', 0);
      gate.resolve();
      await turns(200);
      await lose();
      expect(runs).toEqual(['event']);
    });

    it('is not taken for what stands at the same place of a topic that was made anew', async () => {
      const { server } = await serve();
      const client = makeClient();
      for (let i = 0; i < 5; i++) await client.call('add', `old ${i}`);
      cluster.driver.deleteTopic('rpc.sum.requests');
      const other = await cluster.serve(
        { controllers: [] },
        { service: 'sum', groupId: 'others', partitions: 1, interceptors: interceptors() },
      );
      await other.app.close();
      await turns(100);
      const events = Array.from({ length: 8 }, (_, i) => `new ${i}`);
      for (const name of events) await lastValueFrom(client.emit('done', name));
      await until(() => runs.length === 13);
      expect(runs.slice(5)).toEqual(events);
      expect(server.counters).toMatchObject({ callsReplayed: 0, callsStale: 0 });
      await lose();
      expect((await client.call('add', 'last')).value).toBe('last');
      expect(runs.length).toBe(14);
    });
  },
);
