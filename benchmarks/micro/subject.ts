/** Something so quick that only many of it can be timed. */
export interface Subject {
  readonly name: string;
  /** How many operations one `run` does. */
  readonly operations: number;
  run(): void;
}
