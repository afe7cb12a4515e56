import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, type Observable, type Subscription } from 'rxjs';
import type { Counters } from '../diagnostics/counters.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { Deadlines } from '../protocol/deadlines.js';
import type { IncomingCall } from './incoming-call.js';
import { KafkaRpcContext } from './kafka-rpc-context.js';
import { ReplyStream, type ReplyRoad } from './reply-stream.js';

/** What Nest gives: the handlers, and the hooks that must run around each. */
export interface Handlers {
  find(pattern: string): MessageHandler | undefined;
  /** Runs `handle` between Nest's processing hooks; it calls `end` when the work is over. */
  runWithHooks(context: KafkaRpcContext, handle: (end: () => void) => Promise<void>): Promise<void>;
  onEventError(pattern: string, error: unknown): void;
}

/** Calls and events meet their handlers; what handlers give or throw becomes replies. */
export class Dispatcher {
  private lastRun = 0;
  private readonly deadlines = new Deadlines<IncomingCall>((call) => call.stop('The deadline passed.'));

  constructor(
    private readonly handlers: Handlers,
    private readonly road: ReplyRoad,
    private readonly counters: Counters,
  ) {}

  /**
   * Runs one call or event.
   * @param done called once, when its place is free for another: the handler is over, or nobody waits for it any more
   */
  dispatch(call: IncomingCall, done: () => void): void {
    const timeLeftMs = call.timeLeftMs(this.road.clock.now());
    if (timeLeftMs <= 0) this.counters.add('callsExpired');
    if (timeLeftMs <= 0 || call.stopReason !== undefined) {
      call.finish();
      return done();
    }
    const release = once(() => {
      this.deadlines.remove(call);
      done();
    });
    if (timeLeftMs < Infinity) this.deadlines.add(call, timeLeftMs);
    if (call.origin.message.kind === 'event') this.runEvent(call, release);
    else this.runRequest(call, release);
  }

  private runRequest(call: IncomingCall, release: () => void): void {
    const { caller } = call.origin;
    if (caller.replies === null) {
      call.finish();
      return release();
    }
    this.lastRun = (this.lastRun + 1) >>> 0;
    const replies = new ReplyStream(call, caller.replies, this.lastRun, this.road);
    call.onStop(() => {
      release();
      call.finish();
    });
    this.counters.add('callsStarted');
    this.handle(call, (result) => this.answer(result, call, replies, release)).catch((error: unknown) => {
      replies.error(RpcError.from(error));
      release();
    });
  }

  private runEvent(call: IncomingCall, release: () => void): void {
    this.counters.add('eventsStarted');
    const over = once(() => {
      call.finish();
      release();
    });
    call.onStop(over);
    const failed = (error: unknown): void => {
      this.counters.add('eventsFailed');
      this.handlers.onEventError(call.origin.message.pattern, error);
      over();
    };
    this.handle(call, (result) => drain(result, call, over, failed)).catch(failed);
  }

  /** Finds the handler, reads the data, and passes what the handler returns to `use`, which says when that is over. */
  private async handle(
    call: IncomingCall,
    use: (result: unknown) => Promise<void> | undefined,
  ): Promise<void> {
    const { message } = call.origin;
    const handler = this.handlers.find(message.pattern);
    if (handler === undefined) throw noHandler(message.pattern, call);
    if (handler.isEventHandler && message.kind === 'request') throw eventOnly(message.pattern);
    const data = this.readPayload(call);
    const context = new KafkaRpcContext(call, this.road.codec.serializer);
    await this.handlers.runWithHooks(context, async (end) => {
      try {
        await use(await handler(data, context));
      } finally {
        end();
      }
    });
  }

  private readPayload(call: IncomingCall): unknown {
    const { message, envelope } = call.origin;
    const { serializer } = this.road.codec;
    const wrong = (reason: string): RpcError =>
      new RpcError(RpcStatus.INVALID_ARGUMENT, `The data of "${message.pattern}" cannot be read: ${reason}`);
    if (envelope.contentType !== serializer.contentType) {
      throw wrong(`it is ${envelope.contentType}, this server reads ${serializer.contentType}.`);
    }
    try {
      return serializer.deserialize(message.payload);
    } catch (error) {
      throw wrong(RpcError.from(error).message);
    }
  }

  private answer(
    result: unknown,
    call: IncomingCall,
    replies: ReplyStream,
    release: () => void,
  ): Promise<void> | undefined {
    if (isObservable(result)) return this.answerWithStream(result, call, replies, release);
    replies.value(result);
    release();
    return undefined;
  }

  private answerWithStream(
    values: Observable<unknown>,
    call: IncomingCall,
    replies: ReplyStream,
    release: () => void,
  ): Promise<void> {
    return new Promise((resolve) => {
      const over = once(() => {
        release();
        resolve();
      });
      const failed = (error: unknown): void => {
        replies.error(RpcError.from(error));
        over();
      };
      const subscription: Subscription = values.subscribe({
        next: (value) => {
          try {
            replies.next(value);
          } catch (error) {
            // Not yet assigned when the first value comes while subscribing.
            queueMicrotask(() => subscription.unsubscribe());
            failed(error);
          }
        },
        error: failed,
        complete: () => {
          replies.complete();
          over();
        },
      });
      call.onStop(() => {
        subscription.unsubscribe();
        over();
        call.finish();
      });
    });
  }
}

/** Runs an event handler's result to its end. */
const drain = (
  result: unknown,
  call: IncomingCall,
  over: () => void,
  failed: (error: unknown) => void,
): Promise<void> | undefined => {
  if (!isObservable(result)) {
    over();
    return undefined;
  }
  return new Promise((resolve) => {
    const subscription = result.subscribe({
      error: (error: unknown) => resolve(failed(error)),
      complete: () => resolve(over()),
    });
    call.onStop(() => {
      subscription.unsubscribe();
      resolve(over());
    });
  });
};

const once = (callback: () => void): (() => void) => {
  let isCalled = false;
  return () => {
    if (isCalled) return;
    isCalled = true;
    callback();
  };
};

const noHandler = (pattern: string, call: IncomingCall): RpcError =>
  new RpcError(
    RpcStatus.UNIMPLEMENTED,
    `No handler for ${JSON.stringify(pattern)} on topic ${call.origin.record.topic}: is there a @MessagePattern for it?`,
  );

const eventOnly = (pattern: string): RpcError =>
  new RpcError(
    RpcStatus.UNIMPLEMENTED,
    `${JSON.stringify(pattern)} is an @EventPattern, which gives no answer: use emit(), not send().`,
  );
