/** Where the values of a stream come from: a handler's Observable, or what is pulled from its iterable. */
export interface ValueSource {
  start(): void;
  /** Nobody wants more values. `ValueSink.ended` says when nothing of the source runs any more. */
  cancel(): void;
}

/** Where they go. */
export interface ValueSink {
  /** @returns whether more are wanted. @throws what is wrong with the value: nothing was done with it. */
  next(value: unknown): boolean;
  complete(): void;
  error(error: unknown): void;
  /** Nothing of the source runs any more. Called once, behind its end or its cancelling. */
  ended(): void;
  /** What to wait for before the next value, for who can wait; undefined when there is room. */
  room(): Promise<void> | undefined;
}
