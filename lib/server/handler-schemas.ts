import type { MessageHandler } from '@nestjs/microservices';
import { checkedValue } from '../contract/checked-value.js';
import { checkSchema, type ContractSchemas } from '../contract/contract.js';
import { checkObject } from '../errors/option-checks.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { extrasOf, handlerName } from './handler-extras.js';
import type { Outcome } from './outcome.js';

/** What is said in the `extras` of handlers of their data and answers, as `schema`: read and checked once, at start. */
export class HandlerSchemas {
  /** Whether any handler has a schema: else nothing need be asked for a call. */
  readonly isAny: boolean;
  private readonly ofHandlers = new Map<MessageHandler, ContractSchemas>();

  /** @throws RpcError `INVALID_ARGUMENT` naming the handler and the schema. */
  constructor(handlers: ReadonlyMap<string, MessageHandler>) {
    for (const [pattern, handler] of handlers) this.read(pattern, handler);
    this.isAny = this.ofHandlers.size > 0;
  }

  of(handler: MessageHandler | undefined): ContractSchemas | undefined {
    return handler === undefined ? undefined : this.ofHandlers.get(handler);
  }

  /** What the handler gets. @throws RpcError `INVALID_ARGUMENT` for data that does not fit, with the issues in its details */
  dataFor(handler: MessageHandler, pattern: string, data: unknown): unknown {
    const input = this.of(handler)?.input;
    if (input === undefined) return data;
    return checkedValue(input, data, {
      what: `The data of ${JSON.stringify(pattern)}`,
      status: RpcStatus.INVALID_ARGUMENT,
    });
  }

  /** The outcome behind the check of what the handler gives. */
  outcomeFor(handler: MessageHandler | undefined, pattern: string, outcome: Outcome): Outcome {
    const output = this.of(handler)?.output;
    if (output === undefined) return outcome;
    const checked = { what: `The answer of ${JSON.stringify(pattern)}`, status: RpcStatus.INTERNAL };
    return new CheckedOutcome(outcome, (value) => void checkedValue(output, value, checked));
  }

  /** Several event handlers of one pattern get the same data: the first that has a schema says what it is. */
  private read(pattern: string, handler: MessageHandler): void {
    const name = `${handlerName(pattern, handler)} schema`;
    for (const { schema } of extrasOf(handler)) {
      if (schema === undefined) continue;
      const { input, output } = checkObject(name, schema) as Readonly<Record<string, unknown>>;
      const checked = {
        input: checkSchema(`${name}.input`, input),
        output: checkSchema(`${name}.output`, output),
      };
      if (!this.ofHandlers.has(handler)) this.ofHandlers.set(handler, checked);
    }
  }
}

/** Values are sent as the handler gave them: whoever receives them reads them by the schema. */
class CheckedOutcome implements Outcome {
  /** @param check throws for a value that is not to be sent */
  constructor(
    private readonly outcome: Outcome,
    private readonly check: (value: unknown) => void,
  ) {}

  value(value: unknown): void {
    try {
      this.check(value);
    } catch (error) {
      return this.outcome.error(RpcError.from(error));
    }
    this.outcome.value(value);
  }

  next(value: unknown): boolean {
    this.check(value);
    return this.outcome.next(value);
  }

  complete(): void {
    this.outcome.complete();
  }

  error(error: RpcError): void {
    this.outcome.error(error);
  }

  refuse(error: RpcError): void {
    this.outcome.refuse(error);
  }

  restMs(error: RpcError): number | undefined {
    return this.outcome.restMs(error);
  }

  room(): Promise<void> | undefined {
    return this.outcome.room();
  }

  setHeader(name: string, value: string): void {
    this.outcome.setHeader?.(name, value);
  }

  progress(value: unknown): void {
    this.outcome.progress?.(value);
  }
}
