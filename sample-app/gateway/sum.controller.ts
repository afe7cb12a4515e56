import { Controller, Get, Inject, Post, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { KafkaRpcClient, type RpcReply } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';

/** HTTP in, calls over Kafka out. */
@Controller()
export class SumController {
  constructor(@Inject('SUM') private readonly sum: KafkaRpcClient) {}

  @Get('health')
  health(): { status: string } {
    return { status: 'ok' };
  }

  @Get('add')
  add(@Query('a') a: string, @Query('b') b: string): Promise<RpcReply<number>> {
    return this.sum.call<number>('sum.add', { a: Number(a), b: Number(b) });
  }

  /** A line per prime, as they come. */
  @Get('primes')
  primes(@Query('below') below: string, @Res() response: Response): void {
    response.type('application/x-ndjson');
    const subscription = this.sum.send<number>('primes.below', Number(below)).subscribe({
      next: (prime) => response.write(`${prime}\n`),
      error: (error: Error) => response.destroy(error),
      complete: () => response.end(),
    });
    response.on('close', () => subscription.unsubscribe());
  }

  @Get('find')
  find(@Query('id') id: string): Promise<RpcReply<unknown>> {
    return this.sum.call('sum.find', id);
  }

  @Post('audit')
  async audit(): Promise<{ sent: true }> {
    await lastValueFrom(this.sum.emit('sum.audited', {}), { defaultValue: undefined });
    return { sent: true };
  }
}
