import { parseArgs } from 'node:util';

/** What can be asked for on the command line; the same for every benchmark. */
export interface BenchmarkOptions {
  /** Names of benchmarks; empty for all. */
  readonly benchmarks: readonly string[];
  readonly help: boolean;
  /** A smoke run: few short rounds, numbers of no worth, kept out of the committed results. */
  readonly quick: boolean;
  /** `check` writes the baseline instead of comparing with it. */
  readonly update: boolean;
  readonly rounds: number;
  /** How long one measurement lasts. */
  readonly seconds: number;
  /** Calls at once in `round-trip`, one measurement each. */
  readonly levels: readonly number[];
  /** How long `soak` lasts. */
  readonly minutes: number;
  /** Names of peers in `round-trip`; empty for all. */
  readonly peers: readonly string[];
  /** The folder that JSON and plots go to. */
  readonly results: string;
  /** The folder that the CPU profiles of `round-trip` go to; profiling slows the run, so such a run writes no JSON. */
  readonly profile: string | undefined;
}

export const USAGE = `npm run bench -- [benchmark …] [options]

  --rounds N         rounds of every measurement (7; quick: 2)
  --seconds S        length of one measurement (1.5; quick: 0.5)
  --quick            a smoke run: few short rounds, results go to build/results
  --results FOLDER   where JSON and plots go (benchmarks/results)
  --levels 1,100     round-trip: calls at once, one measurement each (1,10,100,1000,5000; quick: 1,100,1000)
  --peers a,b        round-trip: only these peers (all)
  --profile FOLDER   round-trip: CPU profiles of clients and servers, and where their time goes; no JSON
  --minutes M        soak: how long it lasts (30; quick: 0.5)
  --update           check: write the baseline, compare with none
  --help             this text
`;

/** @throws Error that names the option, what it got and what it wants. */
export function parseCommandLine(argv: readonly string[]): BenchmarkOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      levels: { type: 'string' },
      minutes: { type: 'string' },
      peers: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      update: { type: 'boolean', default: false },
      results: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { quick } = values;
  return Object.freeze({
    benchmarks: positionals,
    help: values.help,
    quick,
    update: values.update,
    rounds: Math.ceil(positive('--rounds', values.rounds ?? (quick ? '2' : '7'))),
    seconds: positive('--seconds', values.seconds ?? (quick ? '0.5' : '1.5')),
    levels: list(values.levels ?? (quick ? '1,100,1000' : '1,10,100,1000,5000')).map((level) =>
      Math.ceil(positive('--levels', level)),
    ),
    minutes: positive('--minutes', values.minutes ?? (quick ? '0.5' : '30')),
    peers: list(values.peers),
    results: values.results ?? (quick ? 'build/results' : 'benchmarks/results'),
    profile: values.profile,
  });
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`${option} got ${JSON.stringify(text)}: it wants a number above 0`);
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
