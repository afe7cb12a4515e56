import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { KafkaRpcServer, RpcError } from 'nestjs-kafka-rpc';
import { from, map, type Observable } from 'rxjs';
import { primesBelow } from './primes.js';
import { Audit, Limit, SumId, Terms } from './sum.dto.js';

/** One value of the stream, and who found it. */
export interface Prime {
  readonly prime: number;
  readonly serverId: string;
}

@Controller()
export class SumController {
  private audits = 0;

  constructor(private readonly server: KafkaRpcServer) {}

  @MessagePattern('sum.add')
  add(@Payload() { a, b }: Terms): number {
    return a + b;
  }

  /** A caller who unsubscribes, or whose deadline passes, ends the search too. */
  @MessagePattern('primes.below')
  below(@Payload() { limit }: Limit): Observable<Prime> {
    return from(primesBelow(limit)).pipe(map((prime) => ({ prime, serverId: this.server.id })));
  }

  @MessagePattern('sum.fail')
  fail(@Payload() { id }: SumId): never {
    const details = { id, serverId: this.server.id };
    throw new RpcError('NOT_FOUND', `There is no sum with the number ${id}.`, { details });
  }

  @EventPattern('sum.audited')
  audited(@Payload() _audit: Audit): void {
    this.audits += 1;
  }

  /** How many audits this server has seen; each has its own count. */
  @MessagePattern('sum.audits')
  countAudits(): number {
    return this.audits;
  }
}
