import type { BenchmarkOptions } from './command-line.js';
import type { Teardown } from './process/teardown.js';

/** One question that is answered with numbers: `npm run bench -- <name>`. */
export interface Benchmark {
  readonly name: string;
  /** One line for the list that `--help` prints. */
  readonly title: string;
  run(context: BenchmarkContext): Promise<void>;
}

/** What a benchmark is given to work with. */
export interface BenchmarkContext {
  readonly options: BenchmarkOptions;
  /** Whatever is started is named here at once, so that it ends on failure and on Ctrl-C too. */
  readonly teardown: Teardown;
  /** A line for the person who waits; standard error, so that standard output holds the report alone. */
  readonly progress: (line: string) => void;
}
