import type { MessageHandler } from '@nestjs/microservices';
import { isObservable, type Observable } from 'rxjs';
import type { Counters } from '../diagnostics/counters.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { Deadlines } from '../protocol/deadlines.js';
import type { IncomingCall } from './incoming-call.js';
import { KafkaRpcContext } from './kafka-rpc-context.js';
import { EventOutcome, type Outcome } from './outcome.js';
import { ReplyStream, type ReplyRoad } from './reply-stream.js';

/** What Nest gives: the handlers, and the hooks that must run around each. */
export interface Handlers {
  find(pattern: string): MessageHandler | undefined;
  /** Runs `handle` between Nest's processing hooks; it calls `end` when the work is over. Never rejects by itself. */
  runWithHooks(context: KafkaRpcContext, handle: (end: () => void) => Promise<void>): Promise<void>;
  onEventError(pattern: string, error: RpcError): void;
}

/** Calls and events meet their handlers; what handlers give or throw becomes an outcome. */
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
    if (call.stopReason !== undefined) return done();
    const timeLeftMs = call.timeLeftMs(this.road.clock.now());
    const outcome = timeLeftMs > 0 ? this.outcomeOf(call) : undefined;
    if (outcome === undefined) {
      this.counters.add('callsExpired');
      call.finish();
      return done();
    }
    const release = once(() => {
      this.deadlines.remove(call);
      done();
    });
    call.start();
    call.onStop(release);
    if (timeLeftMs < Infinity) this.deadlines.add(call, timeLeftMs);
    void this.run(call, outcome).then(release);
  }

  /** Undefined for a request to which no reply address was given: nobody can wait for it. */
  private outcomeOf(call: IncomingCall): Outcome | undefined {
    const { caller, message } = call.origin;
    if (message.kind === 'event') {
      this.counters.add('eventsStarted');
      return new EventOutcome(call, (error) => this.onEventError(message.pattern, error));
    }
    if (caller.replies === null) return undefined;
    this.counters.add('callsStarted');
    this.lastRun = (this.lastRun + 1) >>> 0;
    return new ReplyStream(call, caller.replies, this.lastRun, this.road);
  }

  private onEventError(pattern: string, error: RpcError): void {
    this.counters.add('eventsFailed');
    this.handlers.onEventError(pattern, error);
  }

  private async run(call: IncomingCall, outcome: Outcome): Promise<void> {
    try {
      const handler = this.handlerOf(call);
      const data = this.readPayload(call);
      const context = new KafkaRpcContext(call, this.road.codec.serializer);
      await this.handlers.runWithHooks(context, async (end) => {
        try {
          await consume(await handler(data, context), call, outcome);
        } catch (error) {
          outcome.error(RpcError.from(error));
        } finally {
          end();
        }
      });
    } catch (error) {
      outcome.error(RpcError.from(error));
    }
  }

  private handlerOf(call: IncomingCall): MessageHandler {
    const { message } = call.origin;
    const handler = this.handlers.find(message.pattern);
    if (handler === undefined) throw noHandler(message.pattern, call);
    if (handler.isEventHandler && message.kind === 'request') throw eventOnly(message.pattern);
    return handler;
  }

  private readPayload(call: IncomingCall): unknown {
    const { message, envelope } = call.origin;
    const { serializer } = this.road.codec;
    if (envelope.contentType !== serializer.contentType) {
      const reason = `it is ${envelope.contentType}, this server reads ${serializer.contentType}.`;
      throw unreadable(message.pattern, reason);
    }
    try {
      return serializer.deserialize(message.payload);
    } catch (error) {
      throw unreadable(message.pattern, RpcError.from(error).message);
    }
  }
}

/** Passes on what a handler returned. Resolves when that is over. */
const consume = (result: unknown, call: IncomingCall, outcome: Outcome): Promise<void> | undefined => {
  if (isObservable(result)) return consumeStream(result, call, outcome);
  outcome.value(result);
  return undefined;
};

const consumeStream = (values: Observable<unknown>, call: IncomingCall, outcome: Outcome): Promise<void> =>
  new Promise((resolve) => {
    const subscription = values.subscribe({
      next: (value) => {
        // The subscription does not exist yet when a value comes while subscribing.
        if (!outcome.next(value)) queueMicrotask(() => stop());
      },
      error: (error: unknown) => {
        outcome.error(RpcError.from(error));
        resolve();
      },
      complete: () => {
        outcome.complete();
        resolve();
      },
    });
    const stop = (): void => {
      subscription.unsubscribe();
      resolve();
    };
    call.onStop(stop);
  });

const once = (callback: () => void): (() => void) => {
  let isCalled = false;
  return () => {
    if (isCalled) return;
    isCalled = true;
    callback();
  };
};

const unreadable = (pattern: string, reason: string): RpcError =>
  new RpcError(RpcStatus.INVALID_ARGUMENT, `The data of "${pattern}" cannot be read: ${reason}`);

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
