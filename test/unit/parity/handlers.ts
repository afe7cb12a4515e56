import {
  Controller,
  Injectable,
  NotFoundException,
  ParseIntPipe,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type ModuleMetadata,
  type NestInterceptor,
} from '@nestjs/common';
import { EventPattern, MessagePattern, Payload, RpcException, type ClientProxy } from '@nestjs/microservices';
import { concat, lastValueFrom, map, of, throwError, type Observable } from 'rxjs';

@Injectable()
class ClosedGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Injectable()
class Doubling implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<number>): Observable<number> {
    return next.handle().pipe(map((value) => value * 2));
  }
}

/** What arrived as an event. */
export type Heard = (name: string, data: unknown) => void;

/** Handlers as users write them, of everything that a transport may do differently. */
export const handlers =
  (heard: Heard) =>
  (client: () => ClientProxy): ModuleMetadata => {
    @Controller()
    class ParityController {
      @MessagePattern('echo')
      echo(@Payload() data: unknown): unknown {
        return data;
      }

      @MessagePattern('nothing')
      nothing(): void {}

      @MessagePattern('promise')
      async promise(): Promise<number> {
        return 7;
      }

      @MessagePattern('stream')
      stream(): Observable<number> {
        return of(1, 2, 3);
      }

      @MessagePattern('broken-stream')
      brokenStream(): Observable<number> {
        return concat(
          of(1, 2),
          throwError(() => new RpcException('No third.')),
        );
      }

      @MessagePattern({ cmd: 'object', version: 2 })
      object(): string {
        return 'by its object';
      }

      @MessagePattern('doubled')
      @UseInterceptors(Doubling)
      doubled(@Payload() data: number): number {
        return data;
      }

      @MessagePattern('parsed')
      parsed(@Payload('a', ParseIntPipe) a: number): number {
        return a;
      }

      @MessagePattern('text')
      text(): never {
        throw new RpcException('No luck.');
      }

      @MessagePattern('fields')
      fields(): never {
        throw new RpcException({ code: 404, message: 'No such order.', orderId: 7 });
      }

      @MessagePattern('bug')
      bug(): never {
        throw new TypeError('the password is 1234');
      }

      @MessagePattern('http')
      http(): never {
        throw new NotFoundException('No such order.');
      }

      @MessagePattern('guarded')
      @UseGuards(ClosedGuard)
      guarded(): void {}

      @MessagePattern('inner')
      inner(): Promise<unknown> {
        return lastValueFrom(client().send('fields', {}));
      }

      @MessagePattern('inner-caught')
      async innerCaught(): Promise<unknown> {
        return lastValueFrom(client().send<unknown>('fields', {})).catch(
          (error: { code: unknown }) => error.code,
        );
      }

      @EventPattern('event')
      event(@Payload() data: unknown): void {
        heard('event', data);
      }

      @MessagePattern('both')
      both(@Payload() data: unknown): string {
        heard('both', data);
        return 'answered';
      }

      @MessagePattern('orders.*')
      wildcard(): string {
        return 'by a wildcard';
      }
    }
    return { controllers: [ParityController] };
  };
