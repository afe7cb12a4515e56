import { Controller } from '@nestjs/common';
import { BaseRpcContext, Ctx, EventPattern, MessagePattern } from '@nestjs/microservices';
import { KafkaRpcContext, KafkaRpcRecordBuilder, type KafkaRpcClient } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

/** Two clocks that count whole milliseconds. */
const CLOCK_STEP_MS = 2;

describe('KafkaRpcContext', () => {
  const contexts: KafkaRpcContext[] = [];
  const brokerTimes: number[] = [];
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  @Controller()
  class ContextController {
    @MessagePattern('sum.add')
    add(@Ctx() context: KafkaRpcContext): void {
      contexts.push(context);
    }

    @EventPattern({ cmd: 'done' })
    done(@Ctx() context: KafkaRpcContext): void {
      contexts.push(context);
    }
  }

  beforeEach(async () => {
    contexts.splice(0);
    cluster = new RpcCluster({ now: () => brokerTimes[brokerTimes.push(Date.now()) - 1]! });
    await cluster.serve({ controllers: [ContextController] });
    client = cluster.client({ headers: { lang: 'en', tenant: 'one' } });
  });

  afterEach(() => cluster.close());

  const contextOf = async (pattern: unknown, data: unknown): Promise<KafkaRpcContext> => {
    await lastValueFrom(client.send(pattern, data));
    return contexts[contexts.length - 1]!;
  };

  it('is one of Nest’s contexts', async () => {
    const context = await contextOf('sum.add', {});
    expect(context).toBeInstanceOf(KafkaRpcContext);
    expect(context).toBeInstanceOf(BaseRpcContext);
  });

  it('gives the pattern as it was sent', async () => {
    expect((await contextOf('sum.add', {})).getPattern()).toBe('sum.add');
    client.emit({ cmd: 'done' }, {});
    await until(() => contexts.length === 2);
    expect(contexts[1]!.getPattern()).toBe('{"cmd":"done"}');
  });

  it('gives a name to the call that no other call has: client and count', async () => {
    const first = (await contextOf('sum.add', {})).getCallId();
    const second = (await contextOf('sum.add', {})).getCallId();
    expect(first).toBe(`${client.id}-1`);
    expect(second).toBe(`${client.id}-2`);
    expect(client.id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('gives the headers: those of the call before those of the client', async () => {
    const record = new KafkaRpcRecordBuilder({}).setHeaders({ tenant: 'two', ['__proto__']: 'own' }).build();
    const headers = (await contextOf('sum.add', record)).getHeaders();
    expect({ ...headers }).toEqual({ lang: 'en', tenant: 'two', ['__proto__']: 'own' });
    expect((await contextOf('sum.add', {})).getHeaders()).toEqual({ lang: 'en', tenant: 'one' });
  });

  it.each<[string, string | Buffer]>([
    ['a string', 'k1'],
    ['bytes', Buffer.from([0, 255])],
    ['nothing but there', ''],
  ])('gives a key that is %s', async (_what, key) => {
    const context = await contextOf('sum.add', new KafkaRpcRecordBuilder({}).setKey(key).build());
    expect(context.getKey()).toEqual(Buffer.from(key));
  });

  it('gives no key when there is none', async () => {
    expect((await contextOf('sum.add', {})).getKey()).toBeNull();
  });

  it('gives the place in Kafka', async () => {
    const record = (): object => new KafkaRpcRecordBuilder({}).setKey('k1').build();
    const first = await contextOf('sum.add', record());
    const second = await contextOf('sum.add', record());
    expect(first.getTopic()).toBe('rpc.sum.requests');
    expect([first.getPartition(), second.getPartition()]).toEqual([1, 1]);
    expect([first.getOffset(), second.getOffset()]).toEqual([0n, 1n]);
  });

  it('gives the broker’s append time, and the deadline that the caller has from its call on', async () => {
    const calledAtMs = Date.now();
    const context = await contextOf('sum.add', new KafkaRpcRecordBuilder({}).setTimeout(2_000).build());
    expect(brokerTimes).toContain(context.getTimestamp());
    // What the call waited in its client before it left is gone.
    expect(context.getDeadline()).toBeLessThanOrEqual(context.getTimestamp() + 2_000);
    expect(context.getDeadline()).toBeGreaterThanOrEqual(calledAtMs + 2_000 - CLOCK_STEP_MS);
  });

  it('gives no deadline to an event without one', async () => {
    client.emit({ cmd: 'done' }, {});
    await until(() => contexts.length === 1);
    expect(contexts[0]!.getDeadline()).toBeUndefined();
  });

  it('gives the attempt, and no metadata when there is none', async () => {
    const context = await contextOf('sum.add', {});
    expect(context.getAttempt()).toBe(1);
    expect(context.getMetadata()).toBeUndefined();
  });

  it('gives a signal that is the same each time, and not aborted', async () => {
    const context = await contextOf('sum.add', {});
    expect(context.signal).toBe(context.signal);
    expect(context.signal.aborted).toBe(false);
  });
});
