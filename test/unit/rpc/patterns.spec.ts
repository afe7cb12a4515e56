import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('a pattern', () => {
  const seen: string[] = [];
  let cluster: RpcCluster;
  let client: KafkaRpcClient;

  @Controller()
  class PatternController {
    @MessagePattern('plain')
    plain(): string {
      return 'plain';
    }

    @MessagePattern({ cmd: 'add', version: 2 })
    object(): string {
      return 'object';
    }

    @MessagePattern(['first', 'second'])
    several(): string {
      return 'several';
    }

    @MessagePattern(7)
    number(): string {
      return 'seven';
    }

    @MessagePattern('ключ "quoted" {brace}')
    strange(): string {
      seen.push('strange');
      return 'strange';
    }

    @EventPattern('happened')
    happened(@Payload() _data: unknown): void {
      seen.push('happened');
    }
  }

  beforeAll(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [PatternController] });
    client = cluster.client();
  });

  beforeEach(() => seen.splice(0));

  afterAll(() => cluster.close());

  it.each<[string, unknown, string]>([
    ['a string', 'plain', 'plain'],
    ['an object', { cmd: 'add', version: 2 }, 'object'],
    ['an object with its keys in another order', { version: 2, cmd: 'add' }, 'object'],
    ['the first of several', 'first', 'several'],
    ['the second of several', 'second', 'several'],
    ['a number', 7, 'seven'],
    ['a string with every kind of character', 'ключ "quoted" {brace}', 'strange'],
  ])('that is %s finds its handler', async (_what, pattern, value) => {
    expect((await client.call(pattern, {})).value).toBe(value);
    expect((await client.call(pattern, {})).value).toBe(value);
  });

  it.each<[string, unknown, string]>([
    ['is unknown', 'nobody', '"nobody"'],
    ['is an object that is unknown', { cmd: 'nobody' }, 'cmd'],
    ['is named like something every object has', 'constructor', '"constructor"'],
    ['is empty', '', '""'],
  ])('that %s fails with UNIMPLEMENTED, naming pattern and topic', async (_what, pattern, named) => {
    const failure = expect(client.call(pattern, {})).rejects;
    await failure.toMatchObject({ status: 'UNIMPLEMENTED', retryable: false });
    await expect(client.call(pattern, {})).rejects.toThrow(named);
    await expect(client.call(pattern, {})).rejects.toThrow('rpc.sum.requests');
  });

  it('of events only fails a call with UNIMPLEMENTED and runs nothing', async () => {
    await expect(client.call('happened', {})).rejects.toMatchObject({
      status: 'UNIMPLEMENTED',
      message: expect.stringContaining('use emit()') as string,
    });
    expect(seen).toEqual([]);
  });

  it('of calls takes an event as well', async () => {
    client.emit('ключ "quoted" {brace}', {});
    await until(() => seen.includes('strange'));
  });

  it('longer than 65,535 bytes fails with INVALID_ARGUMENT', async () => {
    await expect(client.call('p'.repeat(65_536), {})).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
  });
});
