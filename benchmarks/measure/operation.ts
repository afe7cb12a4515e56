/** What a load does again and again. What it does not pass on to `check` is not looked at. */
export interface Operation<A = unknown> {
  /**
   * Does it once; resolves when it is done.
   * @param at counts from 0 through the load
   * @param caller which of the load's callers asks, from 0 on
   */
  run(at: number, caller: number): Promise<A>;
  /** Outside of what is timed. @throws Error when the answer is not that of `at`. */
  check(at: number, answer: A): void;
}
