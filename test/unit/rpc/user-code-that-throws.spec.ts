import { Controller, Logger } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  msgpack,
  type KafkaRpcClient,
  type Serializer,
  type StandardSchema,
  type WireInterceptor,
} from 'nestjs-kafka-rpc';
import { config, finalize, NEVER, Observable, of, take } from 'rxjs';
import { CALL_OUTS, type CallOut } from '../../../lib/diagnostics/user-code.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { seededRandom } from '../../support/seeded-random.js';
import { Throwing } from '../../support/throwing.js';
import { until } from '../../support/until.js';

const CALLS = 10_000;
const AT_ONCE = 2_000;
const TIMEOUT_MS = 1_500;

/** All the user code of one side, which throws now and then. */
class Chaos {
  readonly throwing: Throwing;
  private readonly rare: Throwing;

  constructor(seed: number) {
    this.throwing = new Throwing(seed, 0.05);
    // Of what is shared by many calls.
    this.rare = new Throwing(seed + 1, 0.02);
  }

  get thrown(): ReadonlySet<string> {
    return new Set([...this.throwing.thrown.keys(), ...this.rare.thrown.keys()]);
  }

  private schema(): StandardSchema {
    const validate = (value: unknown): { readonly value: unknown } => {
      this.at('schema');
      return { value };
    };
    return { '~standard': { version: 1, vendor: 'chaos', validate } };
  }

  at(callOut: CallOut): void {
    this.throwing.at(callOut);
  }

  rarely(callOut: CallOut): void {
    this.rare.at(callOut);
  }

  readonly schemas = { input: this.schema(), output: this.schema() };

  readonly stage: WireInterceptor = {
    name: 'chaos',
    keepsApart: () => {
      this.at('wire stage');
      return false;
    },
    encode: (bytes) => {
      this.rarely('wire stage');
      return bytes;
    },
    decode: (bytes) => {
      this.rarely('wire stage');
      return bytes;
    },
  };

  readonly serializer: Serializer = {
    ...msgpack(),
    serialize: (value) => {
      this.rarely('serializer');
      return msgpack().serialize(value);
    },
    deserialize: (bytes) => {
      this.rarely('serializer');
      return msgpack().deserialize(bytes);
    },
  };
}

const controllerOf = (chaos: Chaos): new () => object => {
  @Controller()
  class ChaosController {
    @MessagePattern('echo')
    echo(@Payload() data: unknown): unknown {
      chaos.at('handler');
      return data;
    }

    @MessagePattern('later')
    async later(@Payload() data: unknown): Promise<unknown> {
      await Promise.resolve();
      chaos.at('handler');
      return data;
    }

    @MessagePattern('stream')
    stream(): Observable<number> {
      chaos.at('handler');
      return of(1, 2, 3).pipe(finalize(() => chaos.at('handler teardown')));
    }

    @MessagePattern('never')
    never(): Observable<never> {
      return NEVER.pipe(finalize(() => chaos.at('handler teardown')));
    }

    @MessagePattern('own')
    own(): Observable<number> {
      return new Observable((subscriber) => {
        subscriber.next(1);
        chaos.at('handler');
        subscriber.complete();
        return () => chaos.at('handler teardown');
      });
    }

    @MessagePattern('pulled')
    async *pulled(): AsyncGenerator<number> {
      try {
        yield 1;
        chaos.at('handler');
        yield 2;
      } finally {
        chaos.at('handler teardown');
      }
    }

    @MessagePattern('schemed', { schema: chaos.schemas })
    schemed(@Payload() data: unknown): unknown {
      return data;
    }

    @MessagePattern('stated')
    stated(): unknown {
      return {
        toJSON: () => {
          chaos.at('serializer');
          return 1;
        },
      };
    }

    @EventPattern('event')
    event(@Payload() data: unknown): void {
      if (data !== undefined) chaos.at('handler');
    }

    @EventPattern<string>('failing')
    failing(): never {
      throw new Error('as always');
    }
  }
  return ChaosController;
};

const PATTERNS = ['echo', 'later', 'stream', 'own', 'pulled', 'stated', 'schemed', 'never'] as const;

/** One way of calling; resolves when the caller has heard the end, or has left. */
type Way = (client: KafkaRpcClient, pattern: string, chaos: Chaos) => Promise<unknown>;

const subscribing =
  (takes: number): Way =>
  (client, pattern, chaos) =>
    new Promise<void>((resolve) => {
      const call = client.send(pattern, { a: 1 }).pipe(
        take(takes),
        finalize(() => {
          resolve();
          chaos.at('observer');
        }),
      );
      try {
        call.subscribe({
          next: () => chaos.at('observer'),
          error: () => chaos.at('observer'),
          complete: () => chaos.at('observer'),
        });
      } catch {
        // Thrown to the caller by its own code.
      }
    });

const leaving: Way = async (client, pattern, chaos) => {
  const subscription = client
    .send(pattern, { a: 1 })
    .pipe(finalize(() => chaos.at('observer')))
    .subscribe({ error: () => undefined });
  await new Promise(setImmediate);
  try {
    subscription.unsubscribe();
  } catch {
    // As above.
  }
};

const emitting =
  (event: string): Way =>
  (client, _pattern, chaos) =>
    new Promise<void>((resolve) => {
      client.emit(event, { a: 1 }).subscribe({
        complete: () => {
          resolve();
          chaos.at('observer');
        },
        error: () => {
          resolve();
          chaos.at('observer');
        },
      });
    });

const WAYS: readonly Way[] = [
  (client, pattern) => client.call(pattern, { a: 1 }).catch(() => undefined),
  subscribing(10),
  subscribing(1),
  leaving,
  emitting('event'),
  emitting('failing'),
];

describe('user code that throws anything, anywhere, at any time', () => {
  const uncaught: unknown[] = [];
  const onUncaught = (error: unknown): void => void uncaught.push(error);

  beforeEach(() => {
    uncaught.splice(0);
    process.on('unhandledRejection', onUncaught);
    process.on('uncaughtExceptionMonitor', onUncaught);
    // What an observer throws RxJS throws again, in a turn of its own: that is between RxJS and the observer.
    config.onUnhandledError = () => undefined;
  });

  afterEach(() => {
    config.onUnhandledError = null;
    process.off('unhandledRejection', onUncaught);
    process.off('uncaughtExceptionMonitor', onUncaught);
  });

  it.each([1, 2])(
    `leaves no call open and no place taken after ${CALLS} calls and more (seed %i)`,
    async (seed) => {
      const cluster = new RpcCluster();
      const chaos = new Chaos(seed);
      const random = seededRandom(seed);
      const options = { interceptors: [chaos.stage], serializer: chaos.serializer };
      const mapException = (): undefined => chaos.at('exception mapping') as undefined;
      const { server } = await cluster.serve(
        { controllers: [controllerOf(chaos)] },
        {
          ...options,
          mapException,
          retry: { attempts: 2, backoffMs: 1, on: () => chaos.at('retry rule') !== undefined },
          onDeadLetter: () => chaos.at('dead letter hook'),
          prepare: (_app, strategy) => {
            strategy.setOnProcessingStartHook((_transport, _context, done) => {
              chaos.rarely('hook');
              return done();
            });
            strategy.setOnProcessingEndHook(() => chaos.rarely('hook'));
            for (const event of ['connected', 'disconnected', 'refused'] as const) {
              strategy.on(event, () => chaos.at('listener'));
            }
          },
        },
      );
      const client = cluster.client({ ...options, timeoutMs: TIMEOUT_MS, maxOpenCalls: CALLS });
      client.on('connected', () => chaos.at('listener'));
      const throwingLogger = (): void => chaos.at('listener');
      Logger.overrideLogger({ log: throwingLogger, error: throwingLogger, warn: throwingLogger });
      try {
        // On a machine that is busy elsewhere most calls of a round end in the queue, and little user code is run.
        const isDone = (done: number): boolean => done >= CALLS && chaos.thrown.size === CALL_OUTS.length;
        for (let done = 0; !isDone(done); done += AT_ONCE) {
          const round = Array.from({ length: AT_ONCE }, () => {
            const way = random.pick(WAYS);
            return way(client, random.pick(PATTERNS), chaos);
          });
          await Promise.all(round);
        }
        await until(() => server.callsInHand === 0 && client.openCalls === 0);
        expect([server.callsInHand, server.abandonedHandlers, client.openCalls]).toEqual([0, 0, 0]);
        expect([...chaos.thrown].sort()).toEqual([...CALL_OUTS].sort());
        expect(server.counters.userCodeErrors).toBeGreaterThan(0);
      } finally {
        Logger.overrideLogger(false);
        await cluster.close();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(uncaught).toEqual([]);
    },
    120_000,
  );
});
