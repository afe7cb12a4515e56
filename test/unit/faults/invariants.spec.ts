import { check } from '../../faults/invariants/checker.js';
import type {
  Evidence,
  LedgerCall,
  ProcessStory,
  Run,
  WindowFacts,
} from '../../faults/witnesses/evidence.js';

const FACTS: WindowFacts = {
  name: 'a window',
  callsPerSecond: 1,
  commitIntervalMs: 1_000,
  concurrency: 1,
  promise: {},
  crashes: 0,
  faultFromMs: 1_000,
  healedAtMs: 2_000,
  recoveredAtMs: 2_500,
  endedAtMs: 3_000,
  restedAtMs: 3_500,
};

const WELL = { isReady: true, state: 'connected', wasEverDead: false };

const SERVER: ProcessStory = {
  name: 's1',
  role: 'server',
  pid: 1,
  endedBy: 'SIGTERM',
  end: { code: null, signal: 'SIGTERM' },
  tookToEndMs: 100,
  fatal: [],
  stalls: [],
  atRest: { inHand: 0, residentBytes: 1, health: WELL },
};
const CLIENT: ProcessStory = { ...SERVER, name: 'c1', role: 'client', pid: 2 };

const atRestWith = (health: Partial<typeof WELL>): Partial<Evidence> => ({
  processes: [{ ...SERVER, atRest: { inHand: 0, residentBytes: 1, health: { ...WELL, ...health } } }, CLIENT],
});

/** A call that was sent at 1,000 and 2,500 ms, run and answered, as all witnesses have it. */
const call = (number: number, of: Partial<LedgerCall> = {}): LedgerCall => {
  const nonce = `c1-${number}`;
  const sentAtMs = 500 + 1_000 * number;
  return {
    nonce,
    kind: 'work',
    key: 'k',
    number,
    client: 'c1',
    sentAtMs,
    deadlineMs: 30_000,
    leftAtMs: undefined,
    settlements: [{ atMs: sentAtMs + 20, how: 'answered', answers: [{ nonce, run: `1-${number}` }] }],
    ...of,
  };
};

const run = (number: number, of: Partial<Run> = {}): Run => ({
  nonce: `c1-${number}`,
  kind: 'work',
  run: `1-${number}`,
  pid: 1,
  partition: 0,
  offset: number,
  attempt: 1,
  key: 'k',
  number,
  startedAtMs: 510 + 1_000 * number,
  endedAtMs: 512 + 1_000 * number,
  how: 'done',
  ...of,
});

const request = (number: number): Evidence['requests'][number] => ({
  nonce: `c1-${number}`,
  callId: `id-${number}`,
  isEvent: false,
  partition: 0,
  offset: number,
  appendedAtMs: 505 + 1_000 * number,
  ttlMs: 30_000,
});

const end = (number: number): Evidence['ends'][number] => ({
  callId: `id-${number}`,
  appendedAtMs: 515 + 1_000 * number,
});

/** Two calls, at 1,500 and 2,500 ms, and nothing wrong with them. */
const GOOD: Evidence = {
  facts: FACTS,
  calls: [call(1), call(2)],
  runs: [run(1), run(2)],
  requests: [request(1), request(2)],
  ends: [end(1), end(2)],
  cancels: [],
  commits: [
    { partition: 0, offset: 2, seenAtMs: 1_700 },
    { partition: 0, offset: 3, seenAtMs: 2_900 },
  ],
  processes: [SERVER, CLIENT],
};

const facts = (of: Partial<WindowFacts>): Partial<Evidence> => ({ facts: { ...FACTS, ...of } });
const second = (of: Partial<LedgerCall>): Partial<Evidence> => ({ calls: [call(1), call(2, of)] });
const ended = (of: Partial<LedgerCall['settlements'][number]>, atMs = 2_520): Partial<LedgerCall> => ({
  settlements: [{ atMs, how: 'answered', ...of }],
});
const failed = (status: string, atMs?: number): Partial<LedgerCall> =>
  ended({ how: 'failed', status, text: 'it failed' }, atMs);
const stream = (ats: readonly number[], runs: readonly string[] = []): Partial<Evidence> =>
  second({
    kind: 'values',
    count: 3,
    ...ended({ answers: ats.map((at, i) => ({ nonce: 'c1-2', run: runs[i] ?? '1-2', at })) }),
  });

/** What each invariant has to notice. */
const BROKEN: readonly (readonly [string, string, Partial<Evidence>])[] = [
  ['I1', 'a request was never run', { runs: [run(1)] }],
  ['I1', 'an acknowledged event is not in the topic', { requests: [request(1)] }],
  ['I2', 'a call ended twice', second({ settlements: [...call(2).settlements, ...call(2).settlements] })],
  [
    'I2',
    'a call was given the answer of another',
    second(ended({ answers: [{ nonce: 'c1-1', run: '1-2' }] })),
  ],
  ['I2', 'an answer comes from nobody', second(ended({ answers: [{ nonce: 'c1-2', run: '9-9' }] }))],
  ['I3', 'a call outlived its deadline', second({ ...failed('DEADLINE_EXCEEDED', 32_800) })],
  ['I3', 'a call never ended', second({ settlements: [] })],
  [
    'I4',
    'a commit passed a call before its reply',
    { commits: [{ partition: 0, offset: 3, seenAtMs: 1_700 }] },
  ],
  ['I4', 'a commit passed a call without a reply', { ends: [end(1)] }],
  ['I5', 'a call failed', second(failed('DEADLINE_EXCEEDED', 2_600))],
  [
    'I5',
    'a call failed in a way that is no fault around it',
    { ...second(failed('INTERNAL')), ...facts({ promise: { failures: 'typed' } }) },
  ],
  ['I6', 'a commit went back', { commits: [...GOOD.commits, { partition: 0, offset: 2, seenAtMs: 2_950 }] }],
  [
    'I7',
    'a finished call was run again',
    { runs: [run(1), run(1, { run: '1-9', startedAtMs: 2_000 }), run(2)] },
  ],
  [
    'I8',
    'a call that was said not to run did',
    second(ended({ how: 'failed', status: 'UNAVAILABLE', isDefinite: true })),
  ],
  [
    'I9',
    'an expired call was started',
    { runs: [run(1), run(2, { startedAtMs: 40_000, endedAtMs: 40_001 })] },
  ],
  ['I10', 'all was not well again', facts({ recoveredAtMs: undefined })],
  ['I10', 'all was well too late', facts({ recoveredAtMs: 62_001 })],
  ['I11', 'a partition stayed behind', { commits: GOOD.commits.slice(0, 1) }],
  [
    'I12',
    'a call was left in hand',
    { processes: [{ ...SERVER, atRest: { inHand: 1, residentBytes: 1, health: WELL } }, CLIENT] },
  ],
  [
    'I12',
    'a process took too much memory',
    { processes: [{ ...SERVER, atRest: { inHand: 0, residentBytes: 1e9, health: WELL } }, CLIENT] },
  ],
  ['H1', 'a server said that it is not ready', atRestWith({ isReady: false })],
  ['H1', 'a server said that a restart would help', atRestWith({ wasEverDead: true })],
  ['I13', 'a process ended by itself', { processes: [{ ...SERVER, endedBy: undefined }, CLIENT] }],
  ['I13', 'an error was caught by nobody', { processes: [{ ...SERVER, fatal: ['Error'] }, CLIENT] }],
  ['I14', 'a value is missing', stream([0, 2])],
  ['I14', 'the end came early', stream([0, 1])],
  ['I14', 'values came from two runs', stream([0, 1, 2], ['1-2', '1-2', '1-3'])],
  [
    'I15',
    'a handler never heard that its caller was gone',
    { cancels: [{ callId: 'id-2', appendedAtMs: 2_600 }], runs: [run(1), run(2, { endedAtMs: 8_600 })] },
  ],
  ['I16', 'a server took too long to stop', { processes: [{ ...SERVER, tookToEndMs: 40_000 }, CLIENT] }],
  ['I17', 'a reply was never read', second(failed('DEADLINE_EXCEEDED', 32_500))],
  ['I18', 'calls of a key began in another order', { runs: [run(2), run(1)] }],
  ['L1', 'there was hardly any load', facts({ callsPerSecond: 100 })],
];

/** What looks like a fault, and is none. */
const EXCUSED: readonly (readonly [string, Partial<Evidence>])[] = [
  [
    'a request that expired before anybody ran it',
    {
      ...second(failed('DEADLINE_EXCEEDED', 32_500)),
      runs: [run(1)],
      ends: [end(1)],
      ...facts({ restedAtMs: 40_000, promise: { failures: 'typed' }, callsPerSecond: 0.05 }),
      commits: [
        { partition: 0, offset: 2, seenAtMs: 1_700 },
        { partition: 0, offset: 3, seenAtMs: 33_000 },
      ],
    },
  ],
  [
    'a call of a client that was killed',
    { ...second({ settlements: [] }), processes: [SERVER, { ...CLIENT, endedBy: 'SIGKILL' }] },
  ],
  [
    'a late end in a process that stood still',
    {
      ...second(ended({ answers: [{ nonce: 'c1-2', run: '1-2' }] }, 42_000)),
      processes: [SERVER, { ...CLIENT, stalls: [{ from: 3_000, to: 42_000 }] }],
    },
  ],
  [
    'a finished call that runs again once, after a crash',
    { ...facts({ crashes: 1 }), runs: [run(1), run(1, { run: '1-9', startedAtMs: 2_000 }), run(2)] },
  ],
  [
    'a stream that another run interrupts, after a crash',
    { ...facts({ crashes: 1 }), ...second({ kind: 'values', count: 3, ...failed('ABORTED') }) },
  ],
  [
    'a typed failure where failures are allowed',
    { ...second(failed('UNAVAILABLE')), ...facts({ promise: { failures: 'typed' } }) },
  ],
];

/** Read as the evidence has it: several invariants may notice one fault. */
const found = (of: Partial<Evidence>): readonly string[] => [
  ...new Set(check({ ...GOOD, ...of }).map(({ invariant }) => invariant)),
];

describe('the invariants of the fault suite', () => {
  it('hold where nothing is wrong', () => {
    expect(check(GOOD)).toEqual([]);
  });

  it.each(BROKEN)('%s notices that %s', (invariant, _what, of) => {
    expect(found(of)).toContain(invariant);
  });

  it.each(EXCUSED)('excuse %s', (_what, of) => {
    expect(check({ ...GOOD, ...of })).toEqual([]);
  });
});
