import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcContext, RpcError, RpcStatus } from 'nestjs-kafka-rpc';
import { Observable } from 'rxjs';
import { isPrime } from './primes.js';
import { Terms } from './terms.dto.js';

@Controller()
export class SumController {
  private audits = 0;

  /** A value. */
  @MessagePattern('sum.add')
  add(@Payload() { a, b }: Terms): number {
    return a + b;
  }

  /** A stream; it ends early when nobody listens any more. */
  @MessagePattern('primes.below')
  primesBelow(@Payload() limit: number, @Ctx() context: KafkaRpcContext): Observable<number> {
    return new Observable((subscriber) => {
      for (let n = 2; n < limit && !context.signal.aborted; n++) if (isPrime(n)) subscriber.next(n);
      subscriber.complete();
    });
  }

  /** An error that says what went wrong, and more. */
  @MessagePattern('sum.find')
  find(@Payload() id: string): never {
    throw new RpcError(RpcStatus.NOT_FOUND, `There is no sum "${id}".`, { details: { id } });
  }

  /** An event. */
  @EventPattern('sum.audited')
  audited(@Payload() _sum: object): void {
    this.audits += 1;
  }

  /** How many events this server has seen. */
  @MessagePattern('sum.audits')
  countAudits(): number {
    return this.audits;
  }
}
