import type { Observable } from 'rxjs';
import type { Contract, ContractMethod } from '../contract/contract.js';
import type { SchemaInput, SchemaOutput } from '../contract/standard-schema.js';
import type { AwaitedCallOptions } from './awaited-call-options.js';
import type { ServiceAnswer } from './service-answer.js';

/** A client of a service as its interface, or its controller's class, says it: one method for each of theirs. */
export type ServiceClient<Api> = {
  readonly [
    Name in keyof Api as Api[Name] extends (...args: never[]) => unknown ? Name : never
  ]: ServiceMethod<Api[Name]>;
};

/** A handler, as a caller calls it: with its data, which is its first parameter, and the options of the call. */
export type ServiceMethod<Handler> = Handler extends (...args: infer Args) => infer Result
  ? Args extends []
    ? (data?: unknown, options?: AwaitedCallOptions) => AnswerOf<Result>
    : [] extends Args
      ? (data?: Args[0], options?: AwaitedCallOptions) => AnswerOf<Result>
      : (data: Args[0], options?: AwaitedCallOptions) => AnswerOf<Result>
  : never;

type AnswerOf<Result> = [ValueOfStream<Awaited<Result>>] extends [never]
  ? ServiceAnswer<Awaited<Result>>
  : Observable<ValueOfStream<Awaited<Result>>>;

/** `never` for what is no stream. */
type ValueOfStream<Result> =
  Result extends Observable<infer Value>
    ? Awaited<Value>
    : Result extends AsyncIterable<infer Value>
      ? Value
      : never;

/** A client of a service as its contract says it. */
export type ContractClient<Methods extends Contract> = {
  readonly [Name in keyof Methods]: ContractCall<Methods[Name]>;
};

/** Data goes in as its schema takes it, and values come out as their schema reads them. */
export type ContractCall<Method extends ContractMethod> = Method['kind'] extends 'event'
  ? (data: SchemaInput<Method['input']>, options?: AwaitedCallOptions) => ServiceAnswer<void>
  : Method['kind'] extends 'stream'
    ? (
        data: SchemaInput<Method['input']>,
        options?: AwaitedCallOptions,
      ) => Observable<SchemaOutput<Method['output']>>
    : (
        data: SchemaInput<Method['input']>,
        options?: AwaitedCallOptions,
      ) => ServiceAnswer<SchemaOutput<Method['output']>>;
