import type { Labels, Row } from '../measure/turns.js';
import { boundOf } from '../report/target.js';
import { measureOf, verdictCell } from './cells.js';
import { markdownTable } from './markdown-table.js';
import type { Results } from './results.js';

const STAGES = ['compression', 'encryption', 'verification', 'all'];
const CLIENTS = [1, 10, 50];
const COMPARED_PARTS = /^(request|reply|compression|encryption|verification|msgpack|offset|pending)/;

const rowWith = (rows: readonly Row[], labels: Labels): Row | undefined =>
  rows.find((row) => Object.entries(labels).every(([name, value]) => row.labels[name] === value));

/** Calls/s by size of text, and what each stage leaves of them. */
export function payloadTable({ payload: { rows } }: Results): string {
  const plain = rows.filter(({ labels }) => labels.stages === 'plain');
  return markdownTable(
    ['text', 'at once', 'plain, calls/s', 'compression', 'encryption', 'verification', 'all three'],
    plain.map((row) => [
      String(row.labels.size),
      Number(row.labels.atOnce).toLocaleString('en'),
      measureOf(row, 'callsPerSecond'),
      ...STAGES.map((stages) =>
        measureOf(rowWith(rows, { size: row.labels.size as string, stages }), 'overPlain'),
      ),
    ]),
  );
}

/** Peak calls/s by servers and clients. */
export function fleetsTable({ scale: { fleets } }: Results): string {
  const servers = [...new Set(fleets.map(({ labels }) => Number(labels.servers)))];
  return markdownTable(
    ['servers', '1 client', '10 clients', '50 clients'],
    servers.map((count) => [
      String(count),
      ...CLIENTS.map((clients) => measureOf(rowWith(fleets, { servers: count, clients }), 'callsPerSecond')),
    ]),
  );
}

/** Latency at shares of the peak. */
export function openLoopTable({ scale: { openLoop } }: Results): string {
  return markdownTable(
    ['load, of the peak', 'answered/s', 'p50', 'p99', 'p99.9'],
    openLoop.map((row) => [
      String(row.labels.load),
      measureOf(row, 'callsPerSecond'),
      ...['p50Ms', 'p99Ms', 'p999Ms'].map((measure) => measureOf(row, measure, ' ms')),
    ]),
  );
}

/** What is promised of stages, fleets, rest and memory. */
export function otherTargetsTable({ payload, scale, idle, memory }: Results): string {
  const all = [payload, scale, idle, memory].flatMap(({ targets }) => targets);
  const rows = all.map((verdict) => [verdict.name, boundOf(verdict.wanted), verdictCell(verdict)]);
  return markdownTable(['target', 'wanted', 'got'], rows);
}

/** Values of streams and events per second. */
export function streamsAndEventsTable({ stream, event }: Results): string {
  return markdownTable(
    ['', 'per second'],
    [
      ...stream.rows.map((row) => [
        `values of ${row.labels.streams} ${row.labels.streams === 1 ? 'stream' : 'streams'} at once`,
        measureOf(row, 'valuesPerSecond'),
      ]),
      ...event.rows.map((row) => [
        `events, ${Number(row.labels.emits).toLocaleString('en')} at once, emitted and acknowledged`,
        measureOf(row, 'emitsPerSecond'),
      ]),
    ],
  );
}

/** What a burst at the beginning makes of a client. */
export const burstTable = ({ burst: { rows } }: Results): string =>
  markdownTable(
    ['1,000 at once', 'calls/s', 'over a calm begin', 'client, CPU per call'],
    rows.map((row) => [
      String(row.labels.way),
      measureOf(row, 'callsPerSecond'),
      measureOf(row, 'overCalm'),
      measureOf(row, 'clientCpuMicros', ' µs'),
    ]),
  );

/** From the start of a process, and from `connect()`, to the first answer. */
export function startTable({ start: { rows } }: Results): string {
  return markdownTable(
    ['first answer', 'from `connect()`', 'from the start of the process'],
    rows.map((row) => [
      `\`${row.labels.peer}\``,
      measureOf(row, 'connectMs', ' ms'),
      measureOf(row, 'processStartMs', ' ms'),
    ]),
  );
}

/** Resident size as calls go by. */
export function residentSizeTable({ memory: { residentSize } }: Results): string {
  return markdownTable(
    ['calls made', 'client', 'server'],
    residentSize.map((row) => [
      Number(row.labels.calls).toLocaleString('en'),
      measureOf(row, 'clientResidentMiB', ' MiB'),
      measureOf(row, 'serverResidentMiB', ' MiB'),
    ]),
  );
}

/** Microseconds of each part of a call. */
export function partsTable({ micro: { rows } }: Results): string {
  return markdownTable(
    ['part', 'µs each'],
    rows
      .filter(({ labels }) => COMPARED_PARTS.test(String(labels.subject)))
      .map((row) => [String(row.labels.subject), measureOf(row, 'microseconds')]),
  );
}
