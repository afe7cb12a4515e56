import { setImmediate as turn } from 'node:timers/promises';
import type { UserCode } from '../diagnostics/user-code.js';
import type { ValueSink, ValueSource } from './value-source.js';

/** Values pulled in a row, before everything else in this process has its turn. */
const IN_A_ROW = 64;

/**
 * Whether it is a stream that is pulled: an async iterable (an async generator, a `ReadableStream`, Node's `Readable`), or an
 * iterator such as a generator. Arrays, strings, maps and sets are values.
 */
export const isPullable = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return Symbol.asyncIterator in value || isReadableStream(value) || isIterator(value);
  } catch {
    // Who cannot be asked is no stream; the serializer will say what is wrong.
    return false;
  }
};

/** The values of a handler's iterable, pulled one by one as there is room for them. */
export class PulledValues implements ValueSource {
  private isOpen = true;
  private puller: Puller | undefined;
  private pulled = 0;

  constructor(
    private readonly values: object,
    private readonly sink: ValueSink,
    private readonly userCode: UserCode,
  ) {}

  start(): void {
    void this.pullAll();
  }

  cancel(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    void this.stop();
  }

  private async pullAll(): Promise<void> {
    try {
      this.puller = pullerOf(this.values);
      while (this.isOpen) await this.pullOne(this.puller);
    } catch (error) {
      if (this.isOpen) this.end(() => this.sink.error(error));
    }
  }

  private async pullOne(puller: Puller): Promise<void> {
    const { done, value } = await puller.next();
    if (!this.isOpen) return;
    if (done === true) return this.end(() => this.sink.complete());
    if (!this.offer(value)) return this.cancel();
    this.pulled += 1;
    if (this.pulled % IN_A_ROW === 0) await turn();
    await this.sink.room();
  }

  /** @returns whether more are wanted. */
  private offer(value: unknown): boolean {
    try {
      return this.sink.next(value);
    } catch (error) {
      // A promise is no value; its rejection would end the process.
      this.userCode.hear('handler', value);
      this.sink.error(error);
      return false;
    }
  }

  private end(tell: () => void): void {
    this.isOpen = false;
    tell();
    this.sink.ended();
  }

  /** What runs in an async generator runs on until its next `yield`. */
  private async stop(): Promise<void> {
    try {
      this.puller ??= pullerOf(this.values);
      await this.puller.cancel();
    } catch (error) {
      this.userCode.report('handler teardown', error);
    }
    this.sink.ended();
  }
}

interface Puller {
  next(): Promise<{ readonly done?: boolean; readonly value?: unknown }>;
  cancel(): Promise<unknown>;
}

const pullerOf = (values: object): Puller => {
  if (isReadableStream(values)) return readerOf(values);
  if (Symbol.asyncIterator in values) return asyncPullerOf(values as AsyncIterable<unknown> & Destroyable);
  const iterator = values as Iterator<unknown>;
  return {
    next: async () => {
      const { done, value } = iterator.next();
      return { done: done === true, value: await value };
    },
    cancel: async () => iterator.return?.(),
  };
};

/** Not its iterator: that would wait for a read that is under way before it cancels. */
const readerOf = (stream: ReadableStream): Puller => {
  const reader = stream.getReader();
  return { next: () => reader.read(), cancel: () => reader.cancel() };
};

interface Destroyable {
  destroy?(): unknown;
}

const asyncPullerOf = (values: AsyncIterable<unknown> & Destroyable): Puller => {
  const iterator = values[Symbol.asyncIterator]();
  let pulling: Promise<IteratorResult<unknown>> | undefined;
  return {
    next: () => (pulling = Promise.resolve(iterator.next())),
    cancel: async () => {
      // A stream of Node that waits for data would hear of its iterator's end only with the next.
      if (typeof values.destroy === 'function') values.destroy();
      if (iterator.return !== undefined) return iterator.return();
      return pulling?.catch(() => undefined);
    },
  };
};

const isReadableStream = (value: object): value is ReadableStream =>
  typeof (value as Partial<ReadableStream>).getReader === 'function';

const isIterator = (value: object): boolean =>
  typeof (value as Partial<Iterator<unknown>>).next === 'function' &&
  typeof (value as Partial<IterableIterator<unknown>>)[Symbol.iterator] === 'function' &&
  (value as IterableIterator<unknown>)[Symbol.iterator]() === value;
