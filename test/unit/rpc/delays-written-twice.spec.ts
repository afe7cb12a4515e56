import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { RECORD_KINDS } from '../../support/checked-stages.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

/** Longer than an event waits in its place. */
const LATER_MS = 1_500;

describe.each(RECORD_KINDS)(
  'an event of which the broker’s answer is lost when it is put off, with %s records',
  (what, interceptors) => {
    let cluster: RpcCluster;
    let ran: string[];
    let written: number;

    @Controller()
    class LaterController {
      @EventPattern<string>('event')
      event(@Payload() name: string): void {
        ran.push(name);
      }
    }

    beforeEach(() => {
      cluster = new RpcCluster();
      ran = [];
      written = 0;
    });
    afterEach(() => cluster.close());

    const serve = async (): Promise<KafkaRpcServer> => {
      const options = { partitions: 1, delays: true, interceptors: interceptors() };
      return (await cluster.serve({ controllers: [LaterController] }, options)).server;
    };
    const loseFirstAnswer = (): void =>
      cluster.driver.playProduce(({ topic }) => {
        if (topic !== 'rpc.sum.delays') return undefined;
        written += 1;
        return written === 1 ? { lostAnswer: new RpcError('UNAVAILABLE', 'The answer is lost.') } : undefined;
      });
    const client = () => cluster.client({ partitions: 1, interceptors: interceptors() });

    it('runs once, though it stands in the delay topic twice', async () => {
      const server = await serve();
      loseFirstAnswer();
      const sender = client();
      sender.emit('event', 'twice', { delayMs: LATER_MS });
      await until(() => written === 2);
      sender.emit('event', 'behind', { delayMs: LATER_MS });
      await until(() => ran.includes('behind') && server.callsInHand === 0);
      expect(ran).toEqual(['twice', 'behind']);
      expect(server.counters.recordsRedelivered + server.counters.callsReplayed).toBe(1);
    });

    if (what === 'plain')
      it('runs once also if others were written between', async () => {
        const server = await serve();
        loseFirstAnswer();
        const sender = client();
        sender.emit('event', 'twice', { delayMs: LATER_MS });
        await until(() => written === 1);
        sender.emit('event', 'between', { delayMs: LATER_MS });
        await until(() => written === 3);
        sender.emit('event', 'behind', { delayMs: LATER_MS });
        await until(() => ran.includes('behind') && server.callsInHand === 0);
        expect(ran).toEqual(['twice', 'between', 'behind']);
      });
  },
);
