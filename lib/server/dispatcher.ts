import type { MessageHandler } from '@nestjs/microservices';
import type { CounterName, Counters } from '../diagnostics/counters.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { Deadlines } from '../protocol/deadlines.js';
import { Execution } from './execution.js';
import type { IncomingCall } from './incoming-call.js';
import { KafkaRpcContext } from './kafka-rpc-context.js';
import { EventOutcome, type Outcome } from './outcome.js';
import { ReplyStream, type ReplyTransport } from './reply-stream.js';

/** What Nest gives: the handlers, and the hooks that must run around each. */
export interface Handlers {
  find(pattern: string): MessageHandler | undefined;
  /** False while nobody has set a hook: then nothing need stand between a call and its handler. */
  hasHooks(): boolean;
  /** Runs `handle`, which never rejects, between Nest's processing hooks. @throws what a hook throws. */
  runWithHooks(context: KafkaRpcContext, handle: () => Promise<void>): Promise<void>;
  onEventError(pattern: string, error: RpcError): void;
}

/** Calls and events meet their handlers; what handlers give or throw becomes an outcome. */
export class Dispatcher {
  private lastRun = 0;
  private readonly deadlines = new Deadlines<IncomingCall>((call) => call.stop('expired'));
  private readonly onPlaceFree: (call: IncomingCall) => void;

  /** @param onPlaceFree called once per call, when its place is free: its handler has ended, or nobody waits for it any more */
  constructor(
    private readonly handlers: Handlers,
    private readonly transport: ReplyTransport,
    private readonly counters: Counters,
    onPlaceFree: (call: IncomingCall) => void,
  ) {
    this.onPlaceFree = (call) => {
      this.deadlines.remove(call);
      onPlaceFree(call);
    };
  }

  /** Runs one call or event. */
  dispatch(call: IncomingCall): void {
    if (call.isOver) return this.onPlaceFree(call);
    const timeLeftMs = call.timeLeftMs(this.transport.clock);
    if (timeLeftMs <= 0) return this.expire(call);
    const outcome = this.outcomeOf(call);
    if (outcome === undefined) return this.leave(call, 'messagesMalformed');
    const execution = new Execution(call, outcome, this.onPlaceFree);
    call.start(execution);
    if (timeLeftMs < Infinity) this.deadlines.add(call, timeLeftMs);
    this.begin(execution);
  }

  /** It is late, if the clock is right: where that is not certain, it is looked at again when it is. */
  private expire(call: IncomingCall): void {
    const rechecked = this.transport.clock.recheck(call.origin.record);
    if (rechecked === undefined) this.leave(call, 'callsExpired');
    else void rechecked.then(() => this.dispatch(call));
  }

  /** Finishes a call that nobody can wait for, without running it. */
  private leave(call: IncomingCall, counter: CounterName): void {
    this.counters.add(counter);
    call.finish();
    this.onPlaceFree(call);
  }

  private begin(execution: Execution): void {
    const { call } = execution;
    try {
      const handler = this.handlerOf(call);
      const data = this.readPayload(call);
      const context = new KafkaRpcContext(call, this.transport.codec.serializer);
      if (this.handlers.hasHooks()) this.beginWithHooks(execution, context, () => handler(data, context));
      else execution.follow(handler(data, context));
    } catch (error) {
      execution.fail(error);
    }
  }

  private beginWithHooks(execution: Execution, context: KafkaRpcContext, handle: () => unknown): void {
    const handled = async (): Promise<void> => {
      try {
        execution.follow(handle());
      } catch (error) {
        execution.fail(error);
      }
      await execution.ended();
    };
    this.handlers.runWithHooks(context, handled).catch((error: unknown) => execution.fail(error));
  }

  /** Undefined for a request to which no reply address was given: nobody can wait for it. */
  private outcomeOf(call: IncomingCall): Outcome | undefined {
    const { message, origin } = call;
    const { replies } = origin.caller;
    if (message.kind === 'event') {
      this.counters.add('eventsStarted');
      return new EventOutcome(call, (error) => this.onEventError(message.pattern, error));
    }
    if (replies === null) return undefined;
    this.counters.add('callsStarted');
    this.lastRun = (this.lastRun + 1) >>> 0;
    return new ReplyStream(call, replies, this.lastRun, this.transport);
  }

  private onEventError(pattern: string, error: RpcError): void {
    this.counters.add('eventsFailed');
    this.handlers.onEventError(pattern, error);
  }

  private handlerOf(call: IncomingCall): MessageHandler {
    const { message } = call;
    const handler = this.handlers.find(message.pattern);
    if (handler === undefined) throw noHandler(message.pattern, call);
    if (handler.isEventHandler && message.kind === 'request') throw eventOnly(message.pattern);
    return handler;
  }

  private readPayload(call: IncomingCall): unknown {
    const { message } = call;
    const { envelope } = call.origin;
    const { serializer } = this.transport.codec;
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
