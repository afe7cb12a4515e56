import { Controller, type Type } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { RpcError, type KafkaRpcContext, type RetryOptions } from 'nestjs-kafka-rpc';
import { concat, of, throwError, type Observable } from 'rxjs';

/** What an event tells its handler. */
export interface Failing {
  readonly name: string;
  /** So many runs fail. @default 0 */
  readonly fails?: number;
  /** With this. @default 'UNAVAILABLE' */
  readonly status?: RpcError['status'];
}

/** Events whose handlers fail as often as their data says, each in a way of its own; and what ran, in its order. */
export class FailingEvents {
  /** Name and attempt. */
  readonly runs: string[] = [];
  /** When, in milliseconds. */
  readonly ranAtMs: number[] = [];
  readonly contexts: KafkaRpcContext[] = [];
  private readonly counts = new Map<string, number>();

  /** @param retry in the `extras` of all of them */
  controller(retry?: RetryOptions): Type {
    const run = (data: Failing, context: KafkaRpcContext): void => this.run(data, context);
    const extras = retry === undefined ? {} : { retry };
    @Controller()
    class FailingController {
      @EventPattern<string>('thrown', extras)
      thrown(@Payload() data: Failing, @Ctx() context: KafkaRpcContext): void {
        run(data, context);
      }

      @EventPattern<string>('rejected', extras)
      async rejected(@Payload() data: Failing, @Ctx() context: KafkaRpcContext): Promise<void> {
        await Promise.resolve();
        run(data, context);
      }

      @EventPattern<string>('observed', extras)
      observed(@Payload() data: Failing, @Ctx() context: KafkaRpcContext): Observable<number> {
        try {
          run(data, context);
          return of(1);
        } catch (error) {
          return concat(
            of(1, 2),
            throwError(() => error as Error),
          );
        }
      }
    }
    return FailingController;
  }

  of(name: string): readonly string[] {
    return this.runs.filter((run) => run.startsWith(`${name}#`));
  }

  run({ name, fails = 0, status = 'UNAVAILABLE' }: Failing, context: KafkaRpcContext): void {
    const count = (this.counts.get(name) ?? 0) + 1;
    this.counts.set(name, count);
    this.runs.push(`${name}#${context.getAttempt()}`);
    this.ranAtMs.push(performance.now());
    this.contexts.push(context);
    if (count <= fails) throw new RpcError(status, `not yet: ${name}`);
  }
}
