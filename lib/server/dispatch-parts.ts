import type { MessageHandler } from '@nestjs/microservices';
import type { UserCode } from '../diagnostics/user-code.js';
import type { RpcError } from '../errors/rpc-error.js';
import type { HandlerBatches } from './batches/handler-batches.js';
import type { CommitPolicies } from './commits/commit-policies.js';
import type { Execution } from './execution.js';
import type { HandlerFailures } from './handler-failure.js';
import type { HandlerSchemas } from './handler-schemas.js';
import type { IncomingCall } from './incoming-call.js';
import type { CallLanes } from './limits/call-lanes.js';
import type { KafkaRpcContext } from './kafka-rpc-context.js';
import type { FailedEvents } from './outcome.js';
import type { ReplyTransport } from './reply-transport.js';

/** What Nest gives: the handlers, and the hooks that must run around each. */
export interface Handlers {
  readonly userCode: UserCode;
  find(pattern: string): MessageHandler | undefined;
  /** False while nobody has set a hook: then nothing need stand between a call and its handler. */
  hasHooks(): boolean;
  /** Runs the handler of this execution between Nest's processing hooks. */
  runWithHooks(context: KafkaRpcContext, execution: Execution, handle: () => unknown): void;
  onEventError(pattern: string, error: RpcError): void;
  /** A call is not run any more, as it killed its servers. */
  onGivenUp(error: RpcError): void;
  /** A handler failed, and runs again. */
  onRetry(pattern: string, error: RpcError, pauseMs: number): void;
  /** What a handler threw, as the error of its call. */
  readonly failures: HandlerFailures;
  /** What their data and answers are like. */
  readonly schemas: HandlerSchemas;
  /** What becomes of values that nobody takes. */
  readonly streams?: ReplyTransport['streams'];
  /** Which handlers must not run twice. */
  readonly commits: Pick<CommitPolicies, 'isAnyBefore' | 'isBefore'>;
  /** Which handlers get many calls in one run. @default none */
  readonly batches?: HandlerBatches;
  /** How fast handlers may be started, and how long they may take. @default no limits */
  readonly limits?: Pick<CallLanes, 'isAnyChecked' | 'startsInMs' | 'timeoutMsOf'>;
}

/** What answers need, and events that fail. */
export interface DispatchTransport extends ReplyTransport {
  readonly retries: NonNullable<ReplyTransport['retries']> & FailedEvents;
}

/** Where calls wait for a place. */
export interface CallQueue {
  push(call: IncomingCall): void;
  /** The call ended while it waited. */
  leave(call: IncomingCall): void;
  /** Nobody waits for the call any more, and its handler runs on. */
  abandon(call: IncomingCall): void;
  /** The handler of the call has ended. */
  done(call: IncomingCall): void;
  /** The handler of the call has ended, and is to run again after a rest. */
  rest(call: IncomingCall): void;
  wake(call: IncomingCall): void;
  /** The call ended while it rested. */
  leaveRest(call: IncomingCall): void;
}
