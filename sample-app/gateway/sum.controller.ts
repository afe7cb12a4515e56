import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Post,
  Query,
  Res,
  UseFilters,
  ValidationPipe,
} from '@nestjs/common';
import type { Response } from 'express';
import { KafkaRpcClient, KafkaRpcRecordBuilder, RpcErrorFilter, type RpcReply } from 'nestjs-kafka-rpc';
import { lastValueFrom } from 'rxjs';
import { Audit } from './audit.dto.js';
import { sendLines } from './ndjson.js';
import { SUM } from './sum.client.js';

/** HTTP in, calls out. The service checks the data of calls: what it refuses comes back as 400. */
@Controller()
@UseFilters(RpcErrorFilter)
export class SumController {
  constructor(@Inject(SUM) private readonly sum: KafkaRpcClient) {}

  /** The value, the server that answered, and where the time went. */
  @Get('add')
  add(@Query('a') a: string, @Query('b') b: string): Promise<RpcReply<number>> {
    return this.sum.call<number>('sum.add', { a: Number(a), b: Number(b) });
  }

  @Get('primes')
  primes(@Query('below') below: string, @Res() response: Response): Promise<void> {
    return sendLines(this.sum.send('primes.below', { limit: Number(below) }), response);
  }

  @Get('fail')
  fail(@Query('id') id = '7'): Promise<RpcReply<never>> {
    return this.sum.call<never>('sum.fail', { id: Number(id) });
  }

  /** Answers when Kafka has the event. Audits of one account are handled in order: the account is the key. */
  @Post('audit')
  @HttpCode(202)
  async audit(@Body(new ValidationPipe()) { account }: Audit): Promise<{ accepted: true }> {
    const event = new KafkaRpcRecordBuilder({ account }).setKey(account).build();
    await lastValueFrom(this.sum.emit('sum.audited', event), { defaultValue: undefined });
    return { accepted: true };
  }

  /** The count of the server that handles the audits of this account. */
  @Get('audits')
  audits(@Query('account') account: string): Promise<RpcReply<number>> {
    return this.sum.call<number>('sum.audits', {}, { key: account });
  }
}
