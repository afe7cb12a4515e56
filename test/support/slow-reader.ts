import { setTimeout as sleep } from 'node:timers/promises';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import type { KafkaRpcClient } from 'nestjs-kafka-rpc';

/** What a reader of a stream has seen. */
export interface SlowReading {
  readonly taken: number;
  /** How far the handler was ahead of it: at most, and when it stopped. */
  readonly mostAhead: number;
  readonly aheadAtLast: number;
}

/** Gives numbers for ever, and counts them. */
export class CountedNumbers {
  given = 0;
  stopped = 0;

  controller(): new () => object {
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const counted = this;
    @Controller()
    class NumbersController {
      @MessagePattern('numbers')
      async *numbers(@Payload() upTo: number): AsyncGenerator<number> {
        try {
          while (counted.given < upTo) yield counted.given++;
        } finally {
          counted.stopped += 1;
        }
      }
    }
    return NumbersController;
  }

  /** Reads a stream of a million at 1,000 a second, for so long, and leaves it. */
  async readSlowly(client: KafkaRpcClient, forMs: number): Promise<SlowReading> {
    const startedAt = performance.now();
    let [taken, mostAhead, ahead] = [0, 0, 0];
    for await (const value of client.stream<number>('numbers', 1_000_000, { timeoutMs: 60_000 })) {
      if (value !== taken) throw new Error(`${value} came in the place of ${taken}`);
      taken += 1;
      ahead = this.given - taken;
      mostAhead = Math.max(mostAhead, ahead);
      const passedMs = performance.now() - startedAt;
      if (passedMs > forMs) break;
      if (taken > passedMs) await sleep(taken - passedMs);
    }
    return { taken, mostAhead, aheadAtLast: ahead };
  }
}
