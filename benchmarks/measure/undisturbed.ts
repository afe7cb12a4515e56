import { availableParallelism } from 'node:os';

/** Of the time of all cores: what the host of a virtual machine may take from a measurement before it is made again. */
const TOLERATED = 0.01;
const TRIES = 3;

/** What of a measurement says whether the host disturbed it. */
export interface Disturbed {
  readonly seconds: number;
  /** Seconds of all cores; undefined where it cannot be known. */
  readonly stolenSeconds: number | undefined;
}

interface Bounds {
  /** So long all tries may take together; the first is made all the same. */
  readonly withinSeconds: number;
  /** @default those of this machine */
  readonly cores?: number;
}

/**
 * Measures again, at most twice, while the host took too much of the machine; gives what was disturbed least. It looks at
 * nothing but what the host took, so all peers are treated alike. On a machine of one's own nothing is ever taken.
 */
export async function undisturbed<T extends Disturbed>(
  measure: () => Promise<T>,
  { withinSeconds, cores = availableParallelism() }: Bounds,
): Promise<T> {
  let best = await measure();
  const isAffordable = (tries: number): boolean => (tries + 1) * best.seconds <= withinSeconds;
  for (
    let tries = 1;
    tries < TRIES && isAffordable(tries) && stolenPart(best, cores) > TOLERATED;
    tries += 1
  ) {
    const again = await measure();
    if (stolenPart(again, cores) < stolenPart(best, cores)) best = again;
  }
  return best;
}

const stolenPart = ({ seconds, stolenSeconds = 0 }: Disturbed, cores: number): number =>
  stolenSeconds / (seconds * cores);
