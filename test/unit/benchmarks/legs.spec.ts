import { ACKNOWLEDGEMENT, journeysOf, LEGS, legRows, WHOLE } from '../../../benchmarks/legs/road.js';
import type { Passage } from '../../../benchmarks/legs/commands.js';

/** A call whose legs are 1, 2, … 10 µs long, from `at` on. */
const clientPassage = (nonce: number, at: number): Passage => ({
  nonce,
  moments: {
    sent: at,
    produced: at + 1,
    written: at + 3,
    acknowledged: at + 5,
    arrived: at + 36,
    handedOn: at + 45,
    answered: at + 55,
  },
});
const serverPassage = (nonce: number, at: number): Passage => ({
  nonce,
  moments: { arrived: at + 6, handedOn: at + 10, handled: at + 15, produced: at + 21, written: at + 28 },
});

describe('the legs of a call', () => {
  it('are what lies between the places that it comes by, and make up the whole call', () => {
    const journeys = journeysOf([clientPassage(7, 1_000)], [serverPassage(7, 1_000)]);
    const rows = legRows([...LEGS, WHOLE], [journeys]);
    expect(rows.map(({ measures }) => measures.p50Micros?.median)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 55,
    ]);
  });

  it('are those of calls that both sides know', () => {
    const journeys = journeysOf(
      [clientPassage(7, 0), clientPassage(8, 100)],
      [serverPassage(8, 100), serverPassage(9, 200)],
    );
    expect(journeys.map(({ client }) => client.sent)).toEqual([100]);
  });

  it.each([
    ['is out of order', { handedOn: 2 }],
    ['is missing', { handedOn: undefined }],
  ])('leave out a call of which a mark %s', (_what, moments) => {
    const { nonce, moments: good } = serverPassage(7, 0);
    const server = { nonce, moments: { ...good, ...moments } as Passage['moments'] };
    expect(journeysOf([clientPassage(7, 0)], [server])).toEqual([]);
  });

  it('have beside them how soon the broker acknowledges, where it does before the answer', () => {
    const late = clientPassage(8, 100);
    const client = [clientPassage(7, 0), { ...late, moments: { ...late.moments, acknowledged: 50 } }];
    const journeys = journeysOf(client, [serverPassage(7, 0), serverPassage(8, 100)]);
    expect(journeys).toHaveLength(2);
    const [row] = legRows([ACKNOWLEDGEMENT], [journeys]);
    expect(row?.measures.p99Micros?.median).toBe(2);
  });
});
