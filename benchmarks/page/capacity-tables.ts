import { figure } from '../report/figures.js';
import { measureOf } from './cells.js';
import { markdownTable } from './markdown-table.js';
import type { Results } from './results.js';
import { atOnce, ownCpuMicros } from './round-trip-tables.js';

const LEVELS = [1, 100, 1_000];
const BUSY = 1_000;
const PARTS = ['clients', 'servers', 'brokers'];
const BROKER = PARTS.indexOf('brokers');

/** For example: what each server of a fleet has to answer. */
const CALLS_PER_SERVER = 1_000;
const FLEETS = [10, 100, 1_000];

const count = (value: number): string => value.toLocaleString('en');
/** Digits beyond the third are noise. */
const rough = (value: number): string => figure(Number(value.toPrecision(3)));

/** CPU per call, and the calls/s that a core carries, by how many calls a client has open. */
export function capacityTable(results: Results): string {
  const micros = LEVELS.map((level) => ownCpuMicros(results, level));
  const rowOf = (name: string, each: readonly number[], cores = 1): string[] => [
    name,
    ...each.map((one) => `${figure(one)} µs`),
    rough((cores * 1e6) / (each[LEVELS.indexOf(BUSY)] ?? NaN)),
  ];
  const together = micros.map((parts) => parts.reduce((sum, one) => sum + one));
  return markdownTable(
    ['CPU per call', ...LEVELS.map(atOnce), `calls/s, ${atOnce(BUSY)}`],
    [
      ...PARTS.map((part, at) =>
        rowOf(
          `a core of ${part}`,
          micros.map((parts) => parts[at] ?? NaN),
        ),
      ),
      rowOf('two cores shared by all three', together, 2),
    ],
  );
}

/** Calls/s of one server by the partitions it reads. */
export const requestPartitionsTable = ({ scale: { requestPartitions } }: Results): string =>
  markdownTable(
    ['request partitions', 'calls/s of one server'],
    requestPartitions.map((row) => [String(row.labels.requestPartitions), measureOf(row, 'callsPerSecond')]),
  );

/** What silent fleets ask of a broker. */
export const atRestTable = ({ scale: { atRest } }: Results): string =>
  markdownTable(
    ['servers', 'clients', 'fetches', 'heartbeats', 'other requests', 'connections', 'broker, of a core'],
    atRest.map((row) => [
      count(Number(row.labels.servers)),
      count(Number(row.labels.clients)),
      ...['fetchesPerSecond', 'heartbeatsPerSecond', 'othersPerSecond'].map((measure) =>
        measureOf(row, measure, '/s'),
      ),
      measureOf(row, 'connections'),
      measureOf(row, 'brokerPercent', ' %'),
    ]),
  );

/** Cores of brokers that fleets take, by how many calls each client has open. */
export function fleetNeedsTable(results: Results): string {
  const brokerMicros = LEVELS.map((level) => ownCpuMicros(results, level)[BROKER] ?? NaN);
  return markdownTable(
    ['servers', 'calls/s of all', ...LEVELS.map((level) => `broker cores, ${atOnce(level)}`)],
    FLEETS.map((servers) => {
      const rate = servers * CALLS_PER_SERVER;
      return [count(servers), count(rate), ...brokerMicros.map((micros) => rough((rate * micros) / 1e6))];
    }),
  );
}
