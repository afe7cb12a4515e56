import { Injectable, Inject, Module, type DynamicModule } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Controller } from '@nestjs/common';
import { KafkaRpcClient, KafkaRpcModule, RpcError, type KafkaRpcModuleOptions } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { GatedDriver, unreachable } from '../../support/gated-driver.js';
import { RpcCluster } from '../../support/rpc-cluster.js';

@Controller()
class EchoController {
  @MessagePattern('echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

@Injectable()
class Gateway {
  constructor(
    @Inject('SUM') readonly sum: KafkaRpcClient,
    @Inject('AUDIT') readonly audit: KafkaRpcClient,
  ) {}
}

@Module({ providers: [Gateway], exports: [Gateway] })
class GatewayModule {}

const CLIENTS = [
  { name: 'SUM', service: 'sum', timeoutMs: 5_000 },
  { name: 'AUDIT', service: 'audit' },
] as const;

describe('KafkaRpcModule', () => {
  let cluster: RpcCluster;
  let gate: GatedDriver;

  beforeEach(async () => {
    cluster = new RpcCluster();
    await cluster.serve({ controllers: [EchoController] }, { service: ['sum', 'audit'] });
    gate = new GatedDriver(cluster.driver);
  });

  afterEach(() => cluster.close());

  const compile = async (
    rpc: DynamicModule,
    rest: { imports?: unknown[]; providers?: unknown[] } = { providers: [Gateway] },
  ): Promise<TestingModule> => {
    const { imports = [], providers = [] } = rest as { imports?: never[]; providers?: never[] };
    const module = await Test.createTestingModule({ imports: [rpc, ...imports], providers }).compile();
    module.enableShutdownHooks();
    cluster.onClose(() => module.close());
    return module;
  };

  it('gives clients that share one connection, opened at the first call', async () => {
    const module = await compile(KafkaRpcModule.register({ driver: gate, clients: CLIENTS }));
    const { sum, audit } = module.get(Gateway);
    expect(gate.attempts).toBe(0);
    const [one, two] = await Promise.all([sum.call('echo', 1), audit.call('echo', 2)]);
    expect([one.value, two.value]).toEqual([1, 2]);
    expect([gate.attempts, gate.open]).toEqual([1, 1]);
    expect(sum.id).toBe(audit.id);
  });

  it('keeps the connection while one of its clients is open, and closes it with the last', async () => {
    const module = await compile(KafkaRpcModule.register({ driver: gate, clients: CLIENTS }));
    const { sum, audit } = module.get(Gateway);
    await Promise.all([sum.connect(), audit.connect()]);
    await sum.close();
    expect(gate.open).toBe(1);
    expect((await audit.call('echo', 1)).value).toBe(1);
    await audit.close();
    expect(gate.open).toBe(0);
  });

  it('fails the calls of the client that is closed, not of its sister', async () => {
    const module = await compile(
      KafkaRpcModule.register({
        driver: gate,
        clients: [
          { name: 'SUM', service: 'nobody' },
          { name: 'AUDIT', service: 'nobody', timeoutMs: 100 },
        ],
      }),
    );
    const { sum, audit } = module.get(Gateway);
    await Promise.all([sum.connect(), audit.connect()]);
    const calls = [sum.call('echo', 1), audit.call('echo', 2)];
    await sum.close();
    await expect(calls[0]).rejects.toMatchObject({ status: 'CANCELLED' });
    await expect(calls[1]).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
  });

  it('closes its clients when the app closes', async () => {
    const module = await compile(KafkaRpcModule.register({ driver: gate, clients: CLIENTS }));
    await module.get(Gateway).sum.call('echo', 1);
    await module.close();
    expect(gate.open).toBe(0);
  });

  it('connects afresh after a failure, for all its clients', async () => {
    gate.before.set(1, unreachable());
    const module = await compile(KafkaRpcModule.register({ driver: gate, clients: CLIENTS }));
    const { sum, audit } = module.get(Gateway);
    const failed = await Promise.allSettled([sum.call('echo', 1), audit.call('echo', 1)]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await audit.call('echo', 1)).value).toBe(1);
    expect(await lastValueFrom(sum.send('echo', 2))).toBe(2);
    expect(gate.attempts).toBe(2);
  });

  it('has a connection of its own for each registration', async () => {
    const [sum, audit] = CLIENTS;
    const rpc = KafkaRpcModule.register({ driver: gate, clients: [sum] });
    const other = KafkaRpcModule.register({ driver: gate, clients: [audit] });
    const module = await compile(rpc, { imports: [other], providers: [Gateway] });
    const gateway = module.get(Gateway);
    await Promise.all([gateway.sum.connect(), gateway.audit.connect()]);
    expect(gate.attempts).toBe(2);
    expect(gateway.sum.id).not.toBe(gateway.audit.id);
  });

  it('is seen by modules that do not import it, if it is global', async () => {
    const options = { driver: gate, clients: CLIENTS };
    const module = await compile(KafkaRpcModule.register({ ...options, isGlobal: true }), {
      imports: [GatewayModule],
    });
    expect((await module.get(Gateway).sum.call('echo', 1)).value).toBe(1);
    const alone = compile(KafkaRpcModule.register(options), { imports: [GatewayModule] });
    await expect(alone).rejects.toThrow(/can't resolve dependencies/);
  });

  describe('registerAsync', () => {
    @Module({
      providers: [{ provide: 'DRIVER', useFactory: () => gate }],
      exports: ['DRIVER'],
    })
    class DriverModule {}

    it.each([false, true])('makes the options with what it injects (isGlobal: %s)', async (isGlobal) => {
      const rpc = KafkaRpcModule.registerAsync({
        clients: CLIENTS,
        isGlobal,
        imports: [DriverModule],
        inject: ['DRIVER'],
        useFactory: async (driver: GatedDriver) => ({ driver, maxOpenCalls: 5 }),
      });
      const module = await compile(rpc, isGlobal ? { imports: [GatewayModule] } : { providers: [Gateway] });
      const { sum, audit } = module.get(Gateway);
      await Promise.all([sum.call('echo', 1), audit.call('echo', 2)]);
      expect(gate.attempts).toBe(1);
    });

    it('fails the app’s start when the factory gives what cannot be used', async () => {
      const broken = KafkaRpcModule.registerAsync({ clients: CLIENTS, useFactory: () => ({}) as never });
      await expect(compile(broken)).rejects.toThrow('Option "driver" is undefined');
    });
  });

  it.each<[string, object, string]>([
    ['an option that is none', { isGlobl: true }, 'KafkaRpcModule has no option "isGlobl"'],
    ['no driver', { driver: undefined }, 'Option "driver" is undefined'],
    ['clients that are no array', { clients: { name: 'SUM' } }, 'Option "clients" is an object (name)'],
    ['a client without a service', { clients: [{ name: 'SUM' }] }, 'Option "service" is undefined'],
    [
      'a client with an option that is none',
      { clients: [{ ...CLIENTS[0], timeout: 5 }] },
      'no option "timeout"',
    ],
  ])('refuses %s at registration', (_what, options, message) => {
    const register = (): DynamicModule =>
      KafkaRpcModule.register({ driver: gate, clients: CLIENTS, ...options } as KafkaRpcModuleOptions);
    expect(register).toThrow(RpcError);
    expect(register).toThrow(message);
  });
});
