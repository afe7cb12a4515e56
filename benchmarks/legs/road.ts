import { latencyOf } from '../measure/latencies.js';
import { rowOf, type Measures, type Row } from '../measure/turns.js';
import type { Passage } from './commands.js';
import type { Micros, Moment } from './moments.js';

type Side = 'client' | 'server';
type Place = readonly [Side, Moment];

/** A part of a call's road. */
export interface Leg {
  readonly name: string;
  readonly from: Place;
  readonly to: Place;
}

/** Where a call and its answer come by, in this order. */
const PLACES: readonly Place[] = [
  ['client', 'sent'],
  ['client', 'produced'],
  ['client', 'written'],
  ['server', 'arrived'],
  ['server', 'handedOn'],
  ['server', 'handled'],
  ['server', 'produced'],
  ['server', 'written'],
  ['client', 'arrived'],
  ['client', 'handedOn'],
  ['client', 'answered'],
];

const NAMES = [
  'client: the call becomes a record',
  'client: the record becomes a request',
  'on its way: client, broker, server',
  'server: records are read from what was fetched',
  'server: the record becomes a call of the handler',
  'server: what the handler gives becomes a record',
  'server: the record becomes a request',
  'on its way: server, broker, client',
  'client: records are read from what was fetched',
  'client: the record becomes the value',
] as const;

/** The whole road; each leg ends where the next one begins. */
export const LEGS: readonly Leg[] = NAMES.map((name, at) => ({
  name,
  from: PLACES[at]!,
  to: PLACES[at + 1]!,
}));

/** Beside the road: how soon the broker says that it has the request's record. */
export const ACKNOWLEDGEMENT: Leg = {
  name: 'client: the broker acknowledges',
  from: ['client', 'written'],
  to: ['client', 'acknowledged'],
};

export const WHOLE: Leg = { name: 'the whole call', from: PLACES[0]!, to: PLACES.at(-1)! };

/** A call as both processes saw it. */
export type Journey = Readonly<Record<Side, Micros>>;

/** Calls that both sides know, and that came by all places in order: else a mark is that of a fetch which brought nothing. */
export function journeysOf(client: readonly Passage[], server: readonly Passage[]): readonly Journey[] {
  const served = new Map(server.map(({ nonce, moments }) => [nonce, moments]));
  return client.flatMap(({ nonce, moments }) => {
    const there = served.get(nonce);
    if (there === undefined) return [];
    const journey = { client: moments, server: there };
    return LEGS.every((leg) => lengthOf(leg, journey) >= 0) ? [journey] : [];
  });
}

/** A row per leg, a round per list of journeys. @throws RangeError for a round without journeys. */
export const legRows = (legs: readonly Leg[], rounds: readonly (readonly Journey[])[]): readonly Row[] =>
  legs.map((leg) =>
    rowOf(
      { leg: leg.name },
      rounds.map((journeys) => measuresOf(leg, journeys)),
    ),
  );

function measuresOf(leg: Leg, journeys: readonly Journey[]): Measures {
  // An acknowledgement that comes behind the answer is not known yet.
  const lengths = journeys.map((journey) => lengthOf(leg, journey)).filter((length) => length >= 0);
  const { p50, p99 } = latencyOf(lengths);
  return { p50Micros: p50, p99Micros: p99 };
}

/** Not a number where the call did not come by. */
const lengthOf = ({ from, to }: Leg, journey: Journey): number => at(journey, to) - at(journey, from);

const at = (journey: Journey, [side, moment]: Place): number => journey[side][moment] ?? NaN;
