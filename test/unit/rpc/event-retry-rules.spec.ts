import {
  BadRequestException,
  Controller,
  Injectable,
  UseGuards,
  UsePipes,
  type CanActivate,
  type PipeTransform,
} from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcServer, type RetryOptions } from 'nestjs-kafka-rpc';
import { FailingEvents } from '../../support/failing-events.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { until } from '../../support/until.js';

const FAST: RetryOptions = { attempts: 3, backoffMs: 20, jitter: 0 };

describe('an event whose handler fails', () => {
  let cluster: RpcCluster;

  beforeEach(() => void (cluster = new RpcCluster()));
  afterEach(() => cluster.close());

  const serve = async (retry?: RetryOptions): Promise<KafkaRpcServer> => {
    const { server } = await cluster.serve({ controllers: [new FailingEvents().controller(retry)] });
    return server;
  };

  describe('that cannot succeed', () => {
    const pipeOf = (transform: () => never): PipeTransform => ({ transform });

    @Injectable()
    class NoGuard implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }

    @Controller()
    class StrictController {
      @EventPattern<string>('invalid')
      @UsePipes(
        pipeOf(() => {
          throw new BadRequestException(['a must be a number']);
        }),
      )
      invalid(@Payload() _data: unknown): void {
        return;
      }

      @EventPattern<string>('forbidden')
      @UseGuards(NoGuard)
      forbidden(): void {
        return;
      }

      @EventPattern<string>('told')
      told(@Payload() status: RpcError['status']): never {
        throw new RpcError(status, 'so it is');
      }

      @EventPattern<string>('hopeless')
      hopeless(): never {
        throw new RpcError('UNAVAILABLE', 'for good', { retryable: false });
      }
    }

    it.each([
      ['fails validation', 'invalid', 1, undefined],
      ['fails validation, and exceptions are masked', 'invalid', 1, false],
      ['is stopped by a guard', 'forbidden', 1, undefined],
      ['has no handler', 'unknown', 1, undefined],
      ['is not found', 'told', 'NOT_FOUND', undefined],
      ['is invalid', 'told', 'INVALID_ARGUMENT', undefined],
      ['says that it is not to be retried', 'hopeless', 1, undefined],
    ] as const)('is not tried again: %s', async (_name, pattern, data, mapException) => {
      const { server } = await cluster.serve(
        { controllers: [StrictController] },
        { retry: FAST, ...(mapException === false && { mapException }) },
      );
      cluster.client().emit(pattern, data);
      await until(() => server.counters.eventsFailed === 1);
      expect(server.counters.retried).toBe(0);
    });

    it.each([
      ['a list of statuses', ['NOT_FOUND'] as const],
      ['a function', (error: RpcError): boolean => error.status === 'NOT_FOUND'],
    ])('is tried again if `on` says so: %s', async (_name, on) => {
      const { server } = await cluster.serve({ controllers: [StrictController] }, { retry: { ...FAST, on } });
      const client = cluster.client();
      client.emit('told', 'NOT_FOUND');
      client.emit('told', 'UNAVAILABLE');
      await until(() => server.counters.eventsFailed === 4);
      expect(server.counters.retried).toBe(2);
    });

    it('is judged as usual when `on` throws', async () => {
      const { server } = await cluster.serve(
        { controllers: [StrictController] },
        {
          retry: {
            ...FAST,
            on: () => {
              throw new Error('no rule');
            },
          },
        },
      );
      const client = cluster.client();
      client.emit('told', 'NOT_FOUND');
      client.emit('told', 'UNAVAILABLE');
      await until(() => server.counters.eventsFailed === 4);
      expect(server.counters).toMatchObject({ retried: 2 });
      expect(server.counters.userCodeErrors).toBeGreaterThan(0);
    });
  });

  it.each([
    [{ attemps: 3 }, `@EventPattern('thrown') retry has no option "attemps"`],
    [{ attempts: 0 }, `Option "@EventPattern('thrown') retry.attempts" is 0`],
    [{ on: ['NEVER'] }, `Option "@EventPattern('thrown') retry.on"`],
    [{ backoffMs: 100, maxBackoffMs: 10 }, `Option "@EventPattern('thrown') retry.maxBackoffMs" is 10`],
    [3, `Option "@EventPattern('thrown') retry" is 3`],
  ])('is refused at start with a policy that cannot be: %j', async (retry, text) => {
    await expect(serve(retry as never)).rejects.toThrow(text);
  });
});
