import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import type { KeptEnd } from '../../protocol/message.js';
import type { Serializer } from '../../wire/serializer.js';
import type { IncomingCall } from '../incoming-call.js';
import type { Outcome } from '../outcome.js';
import { serializeDetails } from '../sendable-details.js';

export interface KeptOutcomeParts {
  readonly serializer: Serializer;
  /** @returns after which pause the handler runs again, in milliseconds; undefined when it does not */
  restMs(call: IncomingCall, error: RpcError): number | undefined;
  /** The run is over. @param again there if its end is not to be kept, as a later run may come to another one */
  onEnd(end: KeptEnd, again?: { readonly retryable: boolean }): void;
}

const MAX_MESSAGE_CHARACTERS = 8_192;

/** One value, or an error, to be kept: the outcome of a run with an idempotency key. A stream is refused at its second value. */
export class KeptOutcome implements Outcome {
  private held: { readonly payload: Buffer } | undefined;

  constructor(
    private readonly call: IncomingCall,
    private readonly parts: KeptOutcomeParts,
  ) {}

  value(value: unknown): void {
    this.end(() => ({ status: 'OK', payload: this.parts.serializer.serialize(value) }));
  }

  next(value: unknown): boolean {
    if (this.call.state !== 'running') return false;
    if (this.held !== undefined) throw severalValues(this.call.message.pattern);
    this.held = { payload: this.parts.serializer.serialize(value) };
    return true;
  }

  complete(): void {
    this.end(() => ({ status: 'OK', payload: this.held?.payload ?? null }));
  }

  error(error: RpcError): void {
    if (!this.call.answer()) return;
    const end = this.errorEnd(error);
    if (mayRunAgain(error)) this.parts.onEnd(end, error);
    else this.parts.onEnd(end);
  }

  refuse(error: RpcError): void {
    this.error(error);
  }

  restMs(error: RpcError): number | undefined {
    this.held = undefined;
    return this.parts.restMs(this.call, error);
  }

  room(): undefined {
    return undefined;
  }

  private end(make: () => KeptEnd): void {
    if (!this.call.answer()) return;
    let end: KeptEnd;
    try {
      end = make();
    } catch (cause) {
      const { pattern } = this.call.message;
      const reason = RpcError.from(cause).message;
      end = this.errorEnd(
        new RpcError(RpcStatus.INTERNAL, `The result of "${pattern}" cannot be serialized: ${reason}`),
      );
    }
    this.parts.onEnd(end);
  }

  private errorEnd({ status, message, details }: RpcError): KeptEnd {
    return {
      status,
      message: String(message).slice(0, MAX_MESSAGE_CHARACTERS),
      details: serializeDetails(details, this.parts.serializer),
    };
  }
}

/** What says something of the request, and not of the moment: a second run would find the same. */
const FINAL: readonly RpcStatus[] = [
  RpcStatus.INVALID_ARGUMENT,
  RpcStatus.NOT_FOUND,
  RpcStatus.ALREADY_EXISTS,
  RpcStatus.FAILED_PRECONDITION,
  RpcStatus.OUT_OF_RANGE,
  RpcStatus.DATA_LOSS,
];

const mayRunAgain = ({ retryable, status }: RpcError): boolean => retryable || !FINAL.includes(status);

const severalValues = (pattern: string): RpcError =>
  new RpcError(
    RpcStatus.FAILED_PRECONDITION,
    `"${pattern}" gives several values, and only one can be kept for an idempotencyKey: call it without.`,
  );
