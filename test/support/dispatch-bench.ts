import type { MessageHandler } from '@nestjs/microservices';
import { Counters } from '../../lib/diagnostics/counters.js';
import { UserCode } from '../../lib/diagnostics/user-code.js';
import type { Message } from '../../lib/protocol/message.js';
import { HandlerSchemas } from '../../lib/server/handler-schemas.js';
import { Dispatcher } from '../../lib/server/dispatcher.js';
import { HandlerFailures } from '../../lib/server/handler-failure.js';
import type { IncomingCall } from '../../lib/server/incoming-call.js';
import type { KafkaRpcContext } from '../../lib/server/kafka-rpc-context.js';
import { RequestClock } from '../../lib/server/request-clock.js';
import { BrokerClock } from '../../lib/wire/broker-clock.js';
import { Codec } from '../../lib/wire/codec.js';
import { json } from '../../lib/wire/serializers/json.js';
import { CapturedOutbox } from './captured-outbox.js';
import { incomingCall } from './incoming-calls.js';

/** What a handler does. */
export type Handle = (data: unknown, context: KafkaRpcContext) => unknown;

/** A dispatcher with one pattern, `sum.add`, an outbox that keeps what is sent, and a clock that the test sets. */
export class DispatchBench {
  readonly outbox = new CapturedOutbox();
  readonly counters = new Counters();
  readonly eventErrors: (readonly [pattern: string, message: string])[] = [];
  nowMs = 0;
  readonly userCodeErrors: (readonly [callOut: string, error: unknown])[] = [];
  private readonly userCode = new UserCode(
    (callOut, error) => void this.userCodeErrors.push([callOut, error]),
  );
  /** Whether what is pushed waits. */
  isQueueing = false;
  left = 0;
  abandoned = 0;
  /** How often a place became free. */
  freed = 0;
  private handler: MessageHandler | undefined;
  private readonly dispatcher: Dispatcher = new Dispatcher(
    {
      userCode: this.userCode,
      find: () => this.handler,
      hasHooks: () => false,
      runWithHooks: () => undefined,
      failures: new HandlerFailures(false, this.userCode, () => undefined),
      onEventError: (pattern, error) => void this.eventErrors.push([pattern, error.message]),
      onRetry: () => undefined,
      onGivenUp: () => undefined,
      schemas: new HandlerSchemas(new Map()),
      commits: { isAnyBefore: false, isBefore: () => false },
    },
    {
      outbox: this.outbox.asOutbox(),
      codec: new Codec(json()),
      clock: new RequestClock(new BrokerClock(() => this.nowMs)),
      counters: this.counters,
      retries: {
        restMs: () => undefined,
        giveUp: (_call, _error, done) => done(),
        judge: () => undefined,
        settle: (call, error) => {
          this.counters.add('eventsFailed');
          this.eventErrors.push([call.message.pattern, error.message]);
          call.finish('answered', error.status);
        },
      },
    },
    this.counters,
    {
      push: (call) => this.isQueueing || this.dispatcher.dispatch(call),
      leave: () => (this.left += 1),
      abandon: () => (this.abandoned += 1),
      done: () => (this.freed += 1),
      rest: () => undefined,
      wake: () => undefined,
      leaveRest: () => undefined,
    },
  );

  /** Registers the handler as Nest does. */
  handle(how: Handle, isEventHandler = false): void {
    const handler = async (data: unknown, context: KafkaRpcContext): Promise<never> =>
      how(data, context) as never;
    this.handler = Object.assign(handler, { isEventHandler }) as MessageHandler;
  }

  async dispatch(call: IncomingCall = incomingCall()): Promise<IncomingCall> {
    this.dispatcher.take(call);
    await this.settle();
    return call;
  }

  /** Lets promises settle, however deep; needs no timer. */
  async settle(): Promise<void> {
    for (let i = 0; i < 30; i++) await null;
  }

  get kinds(): readonly Message['kind'][] {
    return this.outbox.messages.map(({ kind }) => kind);
  }
}

/** Whether the call needs nothing more from its server. */
export const isFinished = (call: IncomingCall): boolean => {
  let finished = false;
  call.whenFinished(() => (finished = true));
  return finished;
};
