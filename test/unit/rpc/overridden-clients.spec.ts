import { Controller } from '@nestjs/common';
import { MessagePattern, Payload, type ReadPacket, type WritePacket } from '@nestjs/microservices';
import { firstValueFrom, NEVER, type Observable, of, toArray } from 'rxjs';
import { KafkaRpcClient, type KafkaRpcServer } from 'nestjs-kafka-rpc';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

describe('a subclass of KafkaRpcClient', () => {
  let cluster: RpcCluster;
  let server: KafkaRpcServer;
  let log: string[];

  @Controller()
  class SumController {
    @MessagePattern('sum.echo')
    echo(@Payload() data: unknown): unknown {
      return data;
    }

    @MessagePattern('sum.stream')
    stream(): Observable<number> {
      return of(1, 2, 3);
    }

    @MessagePattern('sum.never')
    never(): Observable<never> {
      return NEVER;
    }

    @MessagePattern('sum.fail')
    fail(): never {
      throw new Error('mine');
    }
  }

  beforeEach(async () => {
    log = [];
    cluster = new RpcCluster();
    ({ server } = await cluster.serve({ controllers: [SumController] }));
  });

  afterEach(() => cluster.close());

  const made = <C extends KafkaRpcClient>(client: C): C => {
    cluster.onClose(() => client.close());
    return client;
  };
  const options = (): { service: string; driver: typeof cluster.driver } => ({
    service: 'sum',
    driver: cluster.driver,
  });

  class Tracing extends KafkaRpcClient {
    override connect(): Promise<void> {
      log.push('connect');
      return super.connect();
    }

    protected override publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
      log.push(`publish ${String(packet.pattern)}`);
      const unsubscribe = super.publish(packet, (written) => {
        log.push(written.isDisposed ? 'end' : 'value');
        callback(written);
      });
      return () => {
        log.push('unsubscribe');
        unsubscribe();
      };
    }
  }

  it('has its connect() and publish() called by send()', async () => {
    const client = made(new Tracing(options()));
    expect(await firstValueFrom(client.send('sum.stream', {}).pipe(toArray()))).toEqual([1, 2, 3]);
    expect(log).toEqual(['connect', 'publish sum.stream', 'value', 'value', 'value', 'end', 'unsubscribe']);
  });

  it('has them called by call(), which still tells who answered', async () => {
    const client = made(new Tracing(options()));
    const reply = await client.call('sum.echo', 5);
    expect(reply).toMatchObject({ value: 5, serverId: server.id });
    expect(log).toEqual(['connect', 'publish sum.echo', 'value', 'end']);
  });

  it('has its publish() told when a caller is gone, of send() as of call()', async () => {
    const client = made(new Tracing(options()));
    const controller = new AbortController();
    const call = client.call('sum.never', {}, { signal: controller.signal });
    const subscription = client.send('sum.never', {}).subscribe();
    await until(() => server.callsInHand === 2);
    controller.abort();
    subscription.unsubscribe();
    await expect(call).rejects.toMatchObject({ status: 'CANCELLED' });
    await until(() => server.counters.callsCancelled === 2);
    expect(client.openCalls).toBe(0);
  });

  it('whose publish() was replaced on the object, as tracers do it, has it called', async () => {
    const client = cluster.client();
    const plain = client['publish'].bind(client);
    client['publish'] = (packet, callback) => {
      log.push('replaced');
      return plain(packet, callback);
    };
    expect(await firstValueFrom(client.send('sum.echo', 1))).toBe(1);
    expect(log).toEqual(['replaced']);
  });

  it('translates answers in serializeResponse() and errors in serializeError()', async () => {
    class Translating extends KafkaRpcClient {
      protected override serializeResponse(response: unknown): unknown {
        return `value ${String(response)}`;
      }
      protected override serializeError(error: Error): unknown {
        return `error ${error.name}`;
      }
    }
    const client = made(new Translating(options()));
    expect(await firstValueFrom(client.send('sum.stream', {}).pipe(toArray()))).toEqual([
      'value 1',
      'value 2',
      'value 3',
    ]);
    expect((await client.call('sum.echo', 4)).value).toBe('value 4');
    await expect(firstValueFrom(client.send('sum.fail', {}))).rejects.toBe('error RpcError');
    await expect(client.call('sum.fail', {})).rejects.toBe('error RpcError');
  });

  it('whose translations throw ends the call with what they threw, and at the server too', async () => {
    class Failing extends KafkaRpcClient {
      protected override serializeResponse(): never {
        throw new Error('no value');
      }
      protected override serializeError(): never {
        throw new Error('no error');
      }
    }
    const client = made(new Failing(options()));
    await expect(firstValueFrom(client.send('sum.stream', {}))).rejects.toThrow('no value');
    await expect(client.call('sum.echo', {})).rejects.toThrow('no error');
    await expect(firstValueFrom(client.send('sum.fail', {}))).rejects.toThrow('no error');
    await expect(client.call('sum.fail', {})).rejects.toThrow('no error');
    expect(client.openCalls).toBe(0);
  });

  it('whose calls throw when they are taken back is counted, and ends nobody', async () => {
    class Sticking extends KafkaRpcClient {
      protected override publish(): () => void {
        return () => {
          throw new Error('stuck');
        };
      }
    }
    const client = made(new Sticking(options()));
    const controller = new AbortController();
    const call = client.call('sum.never', {}, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ status: 'CANCELLED' });
    await until(() => client.counters.userCodeErrors === 1);
  });

  it('whose connect() fails fails its calls with that', async () => {
    class Offline extends KafkaRpcClient {
      override connect(): Promise<void> {
        return Promise.reject(new Error('offline'));
      }
    }
    const client = made(new Offline(options()));
    await expect(firstValueFrom(client.send('sum.echo', 1))).rejects.toThrow('offline');
    await expect(client.call('sum.echo', 1)).rejects.toThrow('offline');
  });
});
