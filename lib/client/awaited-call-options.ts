import { checkMethods, checkOptions, readOption } from '../errors/option-checks.js';
import { fromCall, RpcError } from '../errors/rpc-error.js';
import { CALL_OPTION_NAMES, KafkaRpcRecord, type CallOptions } from './kafka-rpc-record.js';

/** Options of `call()`. */
export interface AwaitedCallOptions extends CallOptions {
  /** Aborting it cancels the call, at the server too. */
  readonly signal?: AbortSignal;
}

export interface SplitOptions {
  readonly signal?: AbortSignal;
  readonly callOptions: CallOptions;
}

const AWAITED_OPTION_NAMES: readonly string[] = [...CALL_OPTION_NAMES, 'signal'];

export const NO_OPTIONS: SplitOptions = Object.freeze({ callOptions: Object.freeze({}) });

/** Of a call: reads each option once, and checks the signal. @throws RpcError `INVALID_ARGUMENT` */
export const splitChecked = (options: AwaitedCallOptions | undefined): SplitOptions => {
  if (options === undefined) return NO_OPTIONS;
  const split = splitOptions(options);
  if (split.signal !== undefined) checkSignal(split.signal);
  return split;
};

/** Reads each option once. @throws RpcError `INVALID_ARGUMENT` */
export const splitOptions = (options: AwaitedCallOptions): SplitOptions => {
  checkOptions('A call', options, AWAITED_OPTION_NAMES);
  return readOption('options', () => {
    const { signal, ...callOptions } = options;
    return { signal, callOptions };
  });
};

/** @throws RpcError `INVALID_ARGUMENT` for a name that is no option. */
export const recordWith = (data: unknown, options: CallOptions): KafkaRpcRecord =>
  data instanceof KafkaRpcRecord
    ? new KafkaRpcRecord(data.data, { ...data.options, ...options })
    : new KafkaRpcRecord(data, options);

/** @throws RpcError `INVALID_ARGUMENT` */
export const checkSignal = (signal: unknown): void => {
  checkMethods<AbortSignal>('signal', signal, ['addEventListener', 'removeEventListener']);
};

/** Marked as what a call failed with, on this side. */
export const failureOfCall = (error: unknown): unknown =>
  error instanceof RpcError ? fromCall(error, 'client') : error;
