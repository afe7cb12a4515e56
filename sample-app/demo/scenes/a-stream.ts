import { from, lastValueFrom, map, take, toArray, type Observable } from 'rxjs';
import type { Prime } from '../../service/sum.controller.js';
import { count, ms } from '../report.js';
import { stopwatch } from '../stopwatch.js';
import { differs, type Answer, type Scene, type Ways } from './scene.js';

const PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47];
const FEW = 5;
/** It takes the service longer than anyone wants to wait. */
const FAR = 10_000_000;

interface Arrival extends Prime {
  readonly afterMs: number;
}

async function* play({ gateway, client }: Ways): AsyncGenerator<Answer> {
  const overHttp = from(gateway.lines<Prime>('/primes?below=50'));
  yield answer('HTTP', await arrivals(overHttp), PRIMES);
  const all = client.send<Prime>('primes.below', { limit: 50 });
  yield answer('ClientProxy', await arrivals(all), PRIMES);
  const few = client.send<Prime>('primes.below', { limit: FAR }).pipe(take(FEW));
  const { time, ...rest } = answer('ClientProxy', await arrivals(few), PRIMES.slice(0, FEW));
  yield { ...rest, time: `${time}, then the search below ${count(FAR)} is cancelled` };
}

const arrivals = (primes: Observable<Prime>): Promise<Arrival[]> => {
  const elapsedMs = stopwatch();
  return lastValueFrom(
    primes.pipe(
      map((prime) => ({ ...prime, afterMs: elapsedMs() })),
      toArray(),
    ),
  );
};

const answer = (via: Answer['via'], came: readonly Arrival[], expected: readonly number[]): Answer => {
  const primes = came.map(({ prime }) => prime);
  const [first, last] = [came.at(0), came.at(-1)];
  return {
    via,
    answer: `${first?.prime} … ${last?.prime}, ${primes.length} values`,
    by: first === undefined ? [] : [first.serverId],
    time: `the first after ${ms(first?.afterMs ?? NaN)}, the last after ${ms(last?.afterMs ?? NaN)}`,
    wrong: differs(primes, expected),
  };
};

export const aStream: Scene = { title: 'A stream: the primes below 50', play };
