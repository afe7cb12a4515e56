import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { firstValueFrom } from 'rxjs';
import { SUM } from './sum.client.js';

interface Health {
  readonly kafka: 'connected';
  readonly openCalls: number;
}

@Controller('health')
export class HealthController {
  constructor(@Inject(SUM) private readonly sum: KafkaRpcClient) {}

  /** 503 while Kafka cannot be reached. Asking connects, if nothing has so far. */
  @Get()
  async health(): Promise<Health> {
    await this.sum.connect().catch((error: unknown) => {
      throw new ServiceUnavailableException({ kafka: 'unreachable', reason: String(error) });
    });
    const kafka = await firstValueFrom(this.sum.status);
    if (kafka !== 'connected') throw new ServiceUnavailableException({ kafka });
    return { kafka, openCalls: this.sum.openCalls };
  }
}
