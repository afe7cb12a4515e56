import type { Observable } from 'rxjs';
import type { Contract, ContractMethod } from '../contract/contract.js';
import type { SchemaInput, SchemaOutput } from '../contract/standard-schema.js';
import type { KafkaRpcContext } from './kafka-rpc-context.js';

/**
 * What a controller has to have for a contract: `class SumController implements HandlersOf<typeof sum>`. Data comes in as its schema reads
 * it, and goes out as its schema takes it.
 */
export type HandlersOf<Methods extends Contract> = {
  [Name in keyof Methods]: (
    data: SchemaOutput<Methods[Name]['input']>,
    context: KafkaRpcContext,
  ) => Result<Methods[Name]>;
};

type Result<Method extends ContractMethod> = Method['kind'] extends 'event'
  ? unknown
  : Method['kind'] extends 'stream'
    ? Stream<SchemaInput<Method['output']>>
    : Single<SchemaInput<Method['output']>>;

type Single<Value> = Value | Promise<Value> | Observable<Value>;

type Stream<Value> =
  Observable<Value> | AsyncIterable<Value> | ReadableStream<Value> | Promise<Observable<Value>>;
