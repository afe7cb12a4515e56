import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { contract, type HandlersOf } from 'nestjs-kafka-rpc';
import { from, type Observable } from 'rxjs';
import { z } from 'zod';

/** What the tests of typed clients call. The moment is sent as text, and read as a date. */
export const math = contract({
  add: {
    pattern: 'math.add',
    description: 'Adds two numbers',
    input: z.object({ a: z.number(), b: z.number() }),
    output: z.object({ sum: z.number() }),
  },
  upTo: { pattern: 'math.up-to', kind: 'stream', input: z.number().int().max(1_000), output: z.number() },
  year: {
    pattern: 'math.year',
    input: z.iso.datetime().transform((text) => new Date(text)),
    output: z.number(),
  },
  wrong: { pattern: 'math.wrong', output: z.number() },
  wrongLater: { pattern: 'math.wrong-later', kind: 'stream', output: z.number() },
  added: { pattern: 'math.added', kind: 'event', input: z.object({ sum: z.number() }) },
});

@Controller()
export class MathController implements HandlersOf<typeof math> {
  static readonly heard: unknown[] = [];

  @MessagePattern(math.add.pattern, { schema: math.add })
  add(@Payload() { a, b }: { a: number; b: number }): { sum: number } {
    return { sum: a + b };
  }

  @MessagePattern(math.upTo.pattern, { schema: math.upTo })
  upTo(@Payload() count: number): Observable<number> {
    return from(Array.from({ length: count }, (_, i) => i + 1));
  }

  @MessagePattern(math.year.pattern, { schema: math.year })
  year(@Payload() moment: Date): number {
    return moment.getUTCFullYear();
  }

  @MessagePattern(math.wrong.pattern, { schema: math.wrong })
  wrong(): number {
    return 'seven' as unknown as number;
  }

  @MessagePattern(math.wrongLater.pattern, { schema: math.wrongLater })
  wrongLater(): Observable<number> {
    return from([1, 2, 'three' as unknown as number]);
  }

  @EventPattern(math.added.pattern, { schema: math.added })
  added(@Payload() data: unknown): void {
    MathController.heard.push(data);
  }
}
