const RealDate = Date;

/** Steps the wall clock of this process, as an operator or a broken time service does. Timers keep their pace, as with a real step. @returns by how much it stepped */
export const stepClock = (byMs: number): number => {
  const before = Date.now();
  class SteppedDate extends RealDate {
    constructor(...given: ConstructorParameters<DateConstructor> | []) {
      if (given.length === 0) super(SteppedDate.now());
      else super(...given);
    }

    static override now(): number {
      return RealDate.now() + byMs;
    }
  }
  globalThis.Date = SteppedDate as DateConstructor;
  return Date.now() - before;
};
