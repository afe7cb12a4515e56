import { inCleanContext } from '../diagnostics/clean-context.js';
import type { Counters } from '../diagnostics/counters.js';
import type { UserCode } from '../diagnostics/user-code.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { Deadlines } from '../protocol/deadlines.js';
import { areEnclosingCallsFollowed } from '../protocol/enclosing-call.js';
import { CommitBefore } from './commits/commit-before.js';
import type { CallQueue, DispatchTransport, Handlers } from './dispatch-parts.js';
import { DeathGate, givenUp } from './deaths/death-gate.js';
import { Execution, type ExecutionOwner, type TimedRun } from './execution.js';
import { RunLimits } from './limits/run-limits.js';
import type { IncomingCall, Stoppable } from './incoming-call.js';
import { KafkaRpcContext } from './kafka-rpc-context.js';
import { EventOutcome, type Outcome } from './outcome.js';
import { ReplyStream } from './reply-stream.js';
import { IdempotentRun } from './results/idempotent-run.js';
import { dataOf, handlerOf } from './requested-handler.js';
import { TimedCalls } from './retries/timed-calls.js';
import type { StopReason } from './stop-reasons.js';

/** How long a call waits for room in the metadata of a commit before it asks again. */
const ROOM_PAUSE_MS = 200;

/** Calls and events wait for their turn, meet their handlers; what handlers give or throw becomes an outcome. */
export class Dispatcher implements ExecutionOwner, Stoppable {
  readonly userCode: UserCode;
  /** What is to be done for a call that is stopped when its turn has come, and its handler has not. */
  private readonly starting: Stoppable = {
    stop: (call, reason) => {
      if (reason === 'expired') this.counters.add('callsExpired');
      this.deadlines.remove(call);
    },
  };
  /** Those whose handler failed and is to run again. */
  private readonly resting = new TimedCalls({
    onDue: (call) => {
      call.waitIn(this);
      this.queue.wake(call);
    },
    onStopped: (call, reason) => {
      this.starting.stop(call, reason);
      this.queue.leaveRest(call);
    },
  });
  private readonly commitBefore = new CommitBefore({
    onCommitted: (call) => inCleanContext(this.begin, call),
    onFull: (call) => this.waitForRoom(call),
    onImpossible: (call, error) => this.answerUnrun(call, (execution) => execution.fail(error)),
    onStopped: (call, reason) => {
      this.starting.stop(call, reason);
      this.queue.done(call);
    },
  });
  private readonly deathGate = new DeathGate({
    onWait: (call) => this.queue.rest(call),
    onGo: (call, hasPlace) => {
      if (hasPlace) return this.startAdmitted(call);
      call.waitIn(this);
      this.queue.wake(call);
    },
    onGivenUp: (call, deaths) => this.giveUp(call, deaths),
    onStopped: (call, reason, hasPlace) => {
      this.starting.stop(call, reason);
      if (hasPlace) this.queue.done(call);
      else this.queue.leaveRest(call);
    },
  });
  private readonly transport: DispatchTransport;
  private lastRun = 0;
  private readonly deadlines = new Deadlines<IncomingCall>((call) => call.stop('expired'));
  private readonly limits: RunLimits;

  constructor(
    private readonly handlers: Handlers,
    transport: DispatchTransport,
    private readonly counters: Counters,
    private readonly queue: CallQueue,
  ) {
    this.userCode = handlers.userCode;
    this.limits = new RunLimits(handlers.limits, counters);
    this.transport = { ...transport, streams: handlers.streams };
  }

  /** Has the call wait for its turn. Its time runs: one that ends before that is never started. */
  take(call: IncomingCall): void {
    if (this.wait(call, this)) this.queue.push(call);
  }

  /**
   * Has the call wait. Its time runs.
   * @param waiting what to tell when it is stopped before; it calls `leave`
   * @returns false for one that is late: it is over
   */
  wait(call: IncomingCall, waiting: Stoppable): boolean {
    const { clock } = this.transport;
    const { localMs, monotonicMs } = call.origin.arrival ?? clock.arrival();
    const timeLeftMs = call.timeLeftMs(clock, localMs);
    const rechecked = timeLeftMs > 0 ? undefined : clock.recheck(call.origin.record);
    if (rechecked !== undefined) void rechecked.then(() => this.judge(call));
    else if (timeLeftMs <= 0) {
      this.finishExpired(call);
      return false;
    } else if (timeLeftMs < Infinity) this.deadlines.add(call, timeLeftMs, monotonicMs);
    call.queue(waiting, localMs + timeLeftMs);
    return true;
  }

  /** The call waits no more. @param stopped why, if it was stopped */
  leave(call: IncomingCall, stopped?: StopReason): void {
    if (stopped === undefined) this.deadlines.remove(call);
    else this.starting.stop(call, stopped);
  }

  /** Of this server's executions, the number of the next. */
  nextRun(): number {
    this.lastRun = (this.lastRun + 1) >>> 0;
    return this.lastRun;
  }

  /** Its turn has come. */
  dispatch(call: IncomingCall): void {
    if (call.isOver) return this.onEnded(call);
    const { clock } = this.transport;
    const known = call.startsAfter();
    if (known !== undefined) return this.dispatchLater(call, known);
    const localMs = clock.local();
    // What is known better by now is asked only for one that looks late: a clock costs as much as all else here.
    if (call.isInTime(localMs) || call.timeLeftMs(clock, localMs) > 0) return this.startInTime(call);
    const rechecked = clock.recheck(call.origin.record);
    if (rechecked === undefined) {
      this.finishExpired(call);
      return this.onEnded(call);
    }
    this.dispatchLater(call, rechecked);
  }

  /** It keeps its place meanwhile, and its key: no later call of that may overtake it. @param known resolves in any case */
  private dispatchLater(call: IncomingCall, known: Promise<void>): void {
    call.queue(this.starting);
    void known.then(() => this.dispatch(call));
  }

  /** Nothing that waits here is started any more. */
  close(): void {
    this.deathGate.close();
  }

  private startInTime(call: IncomingCall): void {
    const refusal = this.limits.refusalOf(call);
    if (refusal !== undefined) return this.answerUnrun(call, (execution) => execution.refuse(refusal));
    if (!this.deathGate.takes(call)) this.startAdmitted(call);
  }

  private startAdmitted(call: IncomingCall): void {
    if (this.isBefore(call)) this.commitBefore.add(call);
    else inCleanContext(this.begin, call);
  }

  /** It has its place until it is kept as a dead letter, where that is asked for; then its caller hears of it. */
  private giveUp(call: IncomingCall, deaths: number): void {
    call.queue(this.starting);
    const error = givenUp(call, deaths);
    this.transport.retries.giveUp(call, error, () => {
      if (call.isOver) this.onEnded(call);
      else this.answerUnrun(call, (execution) => execution.refuse(error));
    });
  }

  /** It is not to be run: its caller hears why. */
  private answerUnrun(call: IncomingCall, answer: (execution: Execution) => void): void {
    const execution = this.executionOf(call);
    if (execution === undefined) return;
    call.start(execution);
    answer(execution);
  }

  private isBefore({ message }: IncomingCall): boolean {
    const { commits } = this.handlers;
    return commits.isAnyBefore && commits.isBefore(this.handlers.find(message.pattern));
  }

  /** Its place goes to others meanwhile: it may be one of them that holds up the commit. */
  private waitForRoom(call: IncomingCall): void {
    this.resting.add(call, ROOM_PAUSE_MS);
    this.queue.rest(call);
  }

  /** It looked late; by now the clock is known. */
  private judge(call: IncomingCall): void {
    if (call.isOver) return;
    const timeLeftMs = call.timeLeftMs(this.transport.clock);
    if (timeLeftMs <= 0) call.stop('expired');
    else this.deadlines.add(call, timeLeftMs);
  }

  /** It was stopped while it waited. */
  stop(call: IncomingCall, reason: StopReason): void {
    this.starting.stop(call, reason);
    this.queue.leave(call);
  }

  onEnded(call: IncomingCall): void {
    this.deadlines.remove(call);
    this.queue.done(call);
  }

  /** Its deadline goes on meanwhile, and its key is kept. */
  onRest(call: IncomingCall, pauseMs: number): boolean {
    if (!call.rest()) return false;
    // First: whoever is started in its place may end it.
    this.resting.add(call, pauseMs);
    this.queue.rest(call);
    return true;
  }

  onInTime(timed: TimedRun): void {
    this.limits.end(timed);
  }

  onStopped(call: IncomingCall): void {
    // A handler that runs on may do so for ever, and would keep the timer, and the process, until then.
    this.deadlines.remove(call);
  }

  onAbandoned(call: IncomingCall): void {
    this.counters.add('handlersAbandoned');
    this.queue.abandon(call);
  }

  timeLeftMs(call: IncomingCall): number {
    if (call.message.ttlMs === 0) return Infinity;
    // What it was found to have when it came: a clock that is set meanwhile changes nothing for a call that runs.
    const isTimed = call.dueTick > 0;
    return isTimed ? call.notDueBeforeMs - performance.now() : call.timeLeftMs(this.transport.clock);
  }

  failureOf({ message }: IncomingCall, thrown: unknown): RpcError {
    return this.handlers.failures.of(message, thrown);
  }

  private finishExpired(call: IncomingCall): void {
    this.counters.add('callsExpired');
    call.finish('expired', RpcStatus.DEADLINE_EXCEEDED);
  }

  private readonly begin = (call: IncomingCall): void => {
    const execution = this.executionOf(call);
    if (execution === undefined) return;
    this.counters.add(call.message.kind === 'event' ? 'eventsStarted' : 'callsStarted');
    call.start(execution);
    this.limits.begin(execution);
    try {
      if (areEnclosingCallsFollowed()) execution.runInside(() => this.run(execution));
      else this.run(execution);
    } catch (error) {
      execution.fail(error);
    }
  };

  /** Undefined, and over, for a call that cannot be answered. */
  private executionOf(call: IncomingCall): Execution | undefined {
    const outcome = this.outcomeOf(call);
    if (outcome !== undefined) return new Execution(call, this.checked(call, outcome), this);
    this.counters.add('messagesMalformed');
    call.finish('refused', RpcStatus.INVALID_ARGUMENT);
    this.onEnded(call);
    return undefined;
  }

  private run(execution: Execution): void {
    const { call } = execution;
    const { serializer } = this.transport.codec;
    const handler = handlerOf(call, this.handlers);
    const data = this.handlers.schemas.dataFor(handler, call.message.pattern, dataOf(call, serializer));
    const context = new KafkaRpcContext(call, serializer, execution);
    const batch = this.handlers.batches?.of(handler);
    const handle = (): unknown =>
      batch === undefined ? handler(data, context) : batch.add(call, data, context);
    if (this.handlers.hasHooks()) this.handlers.runWithHooks(context, execution, handle);
    else if (execution.begin()) execution.follow(handle());
  }

  private checked({ message }: IncomingCall, outcome: Outcome): Outcome {
    const { schemas } = this.handlers;
    if (!schemas.isAny) return outcome;
    return schemas.outcomeFor(this.handlers.find(message.pattern), message.pattern, outcome);
  }

  /** Undefined for a request to which no reply address was given: nobody can wait for it. */
  private outcomeOf(call: IncomingCall): Outcome | undefined {
    const { message, origin } = call;
    const { replies } = origin.caller;
    if (message.kind === 'event') return new EventOutcome(call, this.transport.retries);
    if (replies === null) return undefined;
    if (call instanceof IdempotentRun) return call.outcome;
    return new ReplyStream(call, replies, this.nextRun(), this.transport);
  }
}
