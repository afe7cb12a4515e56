import { isObservable } from 'rxjs';
import { checkInteger, checkNames, checkObject, checkOptions, readOption } from '../errors/option-checks.js';
import { RpcError } from '../errors/rpc-error.js';
import { RpcStatus } from '../errors/status.js';
import { MAX_CREDIT, type Credit } from '../protocol/stream-credit.js';
import {
  NO_OPTIONS,
  splitChecked,
  type AwaitedCallOptions,
  type SplitOptions,
} from './awaited-call-options.js';
import { CALL_OPTION_NAMES } from './kafka-rpc-record.js';
import { FIRST_WINDOW } from './stream-window.js';

/** How much of a stream may be on its way to who takes its values. */
export interface StreamWindowOptions {
  /** How many values. @default 4096 */
  readonly values?: number;
  /** How many bytes; the last value may go beyond. @default 1048576 (1 MiB) */
  readonly bytes?: number;
}

/** Options of `stream()`. */
export interface StreamCallOptions extends AwaitedCallOptions {
  /**
   * How far the server may run ahead of a `for await` loop, or of `concatMap()`. A small window costs a round trip per half of it.
   * @default 4,096 values and 1 MiB at first, then the pace of the loop
   */
  readonly window?: StreamWindowOptions;
}

export interface SplitStreamOptions extends SplitOptions {
  readonly window?: Credit;
}

const STREAM_OPTION_NAMES: readonly string[] = [...CALL_OPTION_NAMES, 'signal', 'window'];
const WINDOW_OPTION_NAMES: readonly string[] = ['values', 'bytes'];

/** Reads each option once. @throws RpcError `INVALID_ARGUMENT` */
export const splitStreamOptions = (
  options: StreamCallOptions | undefined,
  data?: unknown,
): SplitStreamOptions => {
  if (isSource(data)) throw noSource();
  if (options === undefined) return NO_OPTIONS;
  checkOptions('A stream', options, STREAM_OPTION_NAMES);
  const { window, ...rest } = readOption('options', () => ({ ...options }));
  const split = splitChecked(rest);
  return { ...split, window: window === undefined ? undefined : checkWindow(window) };
};

const checkWindow = (given: StreamWindowOptions): Credit => {
  checkNames('window', checkObject('window', given), WINDOW_OPTION_NAMES);
  const { values = FIRST_WINDOW.values, bytes = FIRST_WINDOW.bytes } = given;
  return {
    values: checkInteger('window.values', values, 1, MAX_CREDIT.values),
    bytes: checkInteger('window.bytes', bytes, 1, MAX_CREDIT.bytes),
  };
};

/** Whether it gives values by and by: as data it would be sent without them. */
const isSource = (data: unknown): boolean =>
  isObservable(data) ||
  (typeof data === 'object' && data !== null && (Symbol.asyncIterator in data || 'getReader' in data));

const noSource = (): RpcError =>
  new RpcError(
    RpcStatus.INVALID_ARGUMENT,
    'stream() sends one value as data, not the values of a stream: send each as a call, with one key for their order.',
  );
