import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Benchmark } from './benchmark.js';
import { inTurns, type Row, type Variant } from './measure/turns.js';
import { frameSubjects } from './micro/frames.js';
import { finishedMapSubjects } from './micro/finished-maps.js';
import { ledgerSubjects } from './micro/ledgers.js';
import { payloadSubjects } from './micro/payloads.js';
import { stageSubjects } from './micro/stages.js';
import type { Subject } from './micro/subject.js';
import type { Chart } from './report/plot/chart.js';
import { publish } from './report/publish.js';
import { rowsTable } from './report/rows.js';

/** A measurement of one subject is this part of what one of a load takes: there are many of them. */
const PART = 1 / 10;
/** How often the clock is looked at. */
const SLICE_MS = 5;

/** The parts that every call passes, by themselves, in this process. */
export const micro: Benchmark = {
  name: 'micro',
  title: 'frames, stages, payloads, offsets and open calls, in operations per second',
  run: async (context) => {
    const { options, progress } = context;
    const groups = [
      { title: 'Frames: messages of 40 B of payload, 100 to a record', subjects: frameSubjects() },
      { title: 'Wire stages, records of 1 KB', subjects: await stageSubjects() },
      { title: 'Payloads', subjects: payloadSubjects() },
      { title: 'What is under way, 1,000 at once', subjects: ledgerSubjects() },
      { title: 'What a commit says of 100,000 finished calls above it', subjects: finishedMapSubjects() },
    ];
    const seconds = options.seconds * PART;
    const variants = groups.flatMap(({ subjects }) => subjects.map((subject) => variantOf(subject, seconds)));
    // V8 compiles what runs hot; every subject has run before the first is measured.
    for (const { measure } of variants) await measure();
    const rows = await inTurns(variants, options.rounds, progress);
    await publish(context, {
      benchmark: 'micro',
      title: micro.title,
      broker: undefined,
      tables: rowsTable(
        rows,
        [{ key: 'subject', heading: 'subject' }],
        [
          { key: 'operationsPerSecond', heading: 'operations/s' },
          { key: 'microseconds', heading: 'µs each' },
        ],
      ),
      data: { rows },
      charts: groups.map(({ title, subjects }) => chartOf(title, subjects, rows)),
    });
  },
};

const variantOf = ({ name, operations, run }: Subject, seconds: number): Variant => ({
  labels: { subject: name },
  measure: async () => {
    let done = 0;
    let spentMs = 0;
    while (spentMs < seconds * 1_000) {
      const startedAt = performance.now();
      for (; performance.now() - startedAt < SLICE_MS; done += operations) run();
      spentMs += performance.now() - startedAt;
      // Deadline timers and the like have their turn outside of what is timed.
      await nextTurn();
    }
    return { operationsPerSecond: (done / spentMs) * 1_000, microseconds: (spentMs / done) * 1_000 };
  },
});

const chartOf = (title: string, subjects: readonly Subject[], rows: readonly Row[]): Chart => ({
  title,
  unit: 'operations/s',
  kind: 'bars',
  over: 'subject',
  categories: subjects.map(({ name }) => name),
  isLogarithmic: true,
  series: [
    {
      name: 'operations/s',
      values: subjects.map(
        ({ name }) => rows.find(({ labels }) => labels.subject === name)?.measures.operationsPerSecond,
      ),
    },
  ],
});
