import { Controller } from '@nestjs/common';
import * as nestMicroservices from '@nestjs/microservices';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import {
  encryption,
  keyring,
  KafkaRpcContext,
  KafkaRpcRecord,
  KafkaRpcRecordBuilder,
  RpcError,
  RpcStatus,
} from 'nestjs-kafka-rpc';
import { randomBytes } from 'node:crypto';
import { firstValueFrom } from 'rxjs';
import { RpcCluster } from '../../support/rpc-cluster.js';

/** The package once more, as a process has it that loads both of its outputs. */
const loadAnother = (): typeof import('nestjs-kafka-rpc') => {
  let loaded: typeof import('nestjs-kafka-rpc') | undefined;
  jest.isolateModules(() => {
    // Of Nest there is one.
    jest.doMock('@nestjs/microservices', () => nestMicroservices);
    loaded = jest.requireActual('nestjs-kafka-rpc');
  });
  jest.dontMock('@nestjs/microservices');
  return loaded!;
};

const other = loadAnother();

interface Said {
  readonly data: unknown;
  readonly key: unknown;
}

@Controller()
class SumController {
  @MessagePattern('sum.divide')
  divide(): never {
    throw new other.RpcError(RpcStatus.INVALID_ARGUMENT, 'b is 0.', { details: { field: 'b' } });
  }

  @MessagePattern('sum.who')
  who(@Payload() data: unknown, @Ctx() context: KafkaRpcContext): unknown {
    return { data, key: context.getKey() };
  }
}

describe('two copies of the package in one process', () => {
  let cluster: RpcCluster;

  beforeEach(() => {
    cluster = new RpcCluster();
  });

  afterEach(() => cluster.close());

  it('are two, with classes of their own', () => {
    expect(other.RpcError).not.toBe(RpcError);
    expect(other.KafkaRpcRecord).not.toBe(KafkaRpcRecord);
  });

  it('know each other’s errors by instanceof', () => {
    expect(new other.RpcError(RpcStatus.UNKNOWN, 'theirs')).toBeInstanceOf(RpcError);
    expect(new RpcError(RpcStatus.UNKNOWN, 'ours')).toBeInstanceOf(other.RpcError);
    expect(new Error('nobody’s')).not.toBeInstanceOf(other.RpcError);
  });

  it('send on what a handler throws with status and details', async () => {
    await cluster.serve({ controllers: [SumController] });
    await expect(cluster.client().call('sum.divide', {})).rejects.toMatchObject({
      status: RpcStatus.INVALID_ARGUMENT,
      message: 'b is 0.',
      details: { field: 'b' },
    });
  });

  it('take each other’s records, with their key', async () => {
    await cluster.serve({ controllers: [SumController] });
    const record = new other.KafkaRpcRecordBuilder({ a: 1 }).setKey('k').build();
    const { data, key } = await firstValueFrom(cluster.client().send<Said>('sum.who', record));
    expect({ data, key: String(key) }).toEqual({ data: { a: 1 }, key: 'k' });
    expect(new KafkaRpcRecordBuilder({}).build()).toBeInstanceOf(other.KafkaRpcRecord);
    expect({ data: 1, options: {} }).not.toBeInstanceOf(other.KafkaRpcRecord);
  });

  it('take each other’s keyrings, of the right kind only', () => {
    const ring = other.keyring({ current: 'k', keys: { k: randomBytes(32) } });
    expect(() => encryption({ keyring: ring })).not.toThrow();
    expect(() =>
      other.encryption({ keyring: keyring({ current: 'k', keys: { k: randomBytes(32) } }) }),
    ).not.toThrow();
    const lookalike = { kind: 'secret' } as unknown as typeof ring;
    expect(() => encryption({ keyring: lookalike })).toThrow('wants a "keyring"');
  });

  it('know that a call of one is made in a handler of the other’s server', async () => {
    const client = new other.KafkaRpcClient({ service: 'sum', driver: cluster.driver });
    cluster.onClose(() => client.close());
    let leftMs = 0;
    @Controller()
    class OuterController {
      @MessagePattern('outer')
      async outer(): Promise<void> {
        await client.call('inner', {});
      }

      @MessagePattern('inner')
      inner(@Payload() _data: unknown, @Ctx() context: KafkaRpcContext): void {
        leftMs = context.getDeadline()! - context.getTimestamp();
      }
    }
    await cluster.serve({ controllers: [OuterController] });
    await cluster.client().call('outer', {}, { timeoutMs: 5_000 });
    expect(leftMs).toBeLessThan(5_000);
    expect(leftMs).toBeGreaterThan(0);
  });
});
