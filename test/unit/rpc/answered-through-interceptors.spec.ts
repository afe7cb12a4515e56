import {
  Controller,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { firstValueFrom, tap, type Observable } from 'rxjs';
import { Outbox } from '../../../lib/wire/outbox.js';
import { RpcCluster } from '../../support/rpc-cluster.js';
import { turns } from '../../support/until.js';

@Injectable()
class Logging implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(tap(() => undefined));
  }
}

@Controller()
@UseInterceptors(Logging)
class SumController {
  @MessagePattern('sum.add')
  add(): number {
    return 3;
  }
}

describe('a call that was answered through an interceptor', () => {
  it('is one message there and one back, and not cancelled by a caller that takes its first value', async () => {
    const cluster = new RpcCluster();
    await cluster.serve({ controllers: [SumController] });
    const client = cluster.client();
    await client.connect();
    const send = jest.spyOn(Outbox.prototype, 'send');
    for (let i = 0; i < 10; i++) await firstValueFrom(client.send('sum.add', {}));
    await turns();
    const kinds = send.mock.calls.map(([, { kind }]) => kind);
    send.mockRestore();
    await cluster.close();
    expect(kinds.sort()).toEqual([...Array(10).fill('complete'), ...Array(10).fill('request')]);
  });
});
