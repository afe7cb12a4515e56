import {
  nextState,
  permissionsOf,
  type MemberEvent,
  type MemberState,
} from '../../../../lib/driver/kafkajs/member-state.js';

const STATES = [
  'joining',
  'starting',
  'stable',
  'rebalancing',
  'revoking',
  'halting',
  'halted',
  'closed',
] as const satisfies readonly MemberState[];

const assigned = (gains: boolean, mustRevoke: boolean): MemberEvent => ({
  type: 'assigned',
  gains,
  mustRevoke,
});
const rebalance = (way: 'cooperative' | 'eager'): MemberEvent => ({ type: 'rebalance', way });

/** Of each event, the state that follows in each state; what is not here stays as it is. */
const TRANSITIONS: readonly (readonly [string, MemberEvent, Partial<Record<MemberState, MemberState>>])[] = [
  [
    'assigned nothing new',
    assigned(false, false),
    { joining: 'stable', rebalancing: 'stable', halted: 'stable' },
  ],
  [
    'assigned something new',
    assigned(true, false),
    { joining: 'starting', rebalancing: 'starting', halted: 'starting' },
  ],
  [
    'assigned less than it reads',
    assigned(false, true),
    { joining: 'revoking', rebalancing: 'revoking', halted: 'revoking' },
  ],
  [
    'assigned other than it reads',
    assigned(true, true),
    { joining: 'revoking', rebalancing: 'revoking', halted: 'revoking' },
  ],
  ['started', { type: 'started' }, { starting: 'stable' }],
  [
    'told of an incremental rebalance',
    rebalance('cooperative'),
    { stable: 'rebalancing', starting: 'rebalancing' },
  ],
  ['told of a rebalance of old', rebalance('eager'), { stable: 'halting', starting: 'halting' }],
  ['finished', { type: 'finished' }, { revoking: 'rebalancing', halting: 'halted' }],
  [
    'lost',
    { type: 'lost' },
    {
      starting: 'joining',
      stable: 'joining',
      rebalancing: 'joining',
      revoking: 'joining',
      halting: 'joining',
      halted: 'joining',
    },
  ],
  [
    'closed',
    { type: 'closed' },
    {
      joining: 'closed',
      starting: 'closed',
      stable: 'closed',
      rebalancing: 'closed',
      revoking: 'closed',
      halting: 'closed',
      halted: 'closed',
    },
  ],
];

const cases = TRANSITIONS.flatMap(([title, event, next]) =>
  STATES.map((state) => [state, title, next[state] ?? state, event] as const),
);

describe('the state of a group member', () => {
  it.each(cases)('%s, %s: %s', (state, _, expected, event) => {
    expect(nextState(state, event)).toBe(expected);
  });

  it.each<[MemberState, string]>([
    ['joining', 'joins'],
    ['starting', 'reads commits heartbeats'],
    ['stable', 'reads commits heartbeats'],
    ['rebalancing', 'reads commits heartbeats joins'],
    ['revoking', 'reads commits heartbeats'],
    ['halting', 'commits heartbeats'],
    ['halted', 'commits heartbeats joins'],
    ['closed', ''],
  ])('%s: %s', (state, allowed) => {
    const permitted = Object.entries(permissionsOf(state)).filter(([, isPermitted]) => isPermitted);
    expect(permitted.map(([name]) => name).join(' ')).toBe(allowed);
  });

  it('always has a next thing to do that leads to reading, whatever happened before', () => {
    const open = STATES.filter((state) => state !== 'closed');
    for (const state of open) {
      const events: MemberEvent[] = [{ type: 'finished' }, { type: 'started' }, assigned(false, false)];
      const reached = [...events, ...events].reduce(nextState, state);
      expect([state, reached]).toEqual([state, 'stable']);
    }
  });
});
