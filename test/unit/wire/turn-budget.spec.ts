import { setImmediate as turn } from 'node:timers/promises';
import { TurnBudget } from '../../../lib/wire/turn-budget.js';

const IN_A_ROW = 64;

/** Pieces of work that wait for their turn, each of which takes as long as the test says. */
class Bench {
  readonly marks: string[] = [];
  nowMs = 1_000;
  private begun = 0;
  readonly budget: TurnBudget;

  constructor(
    private waiting: number,
    private readonly piece: (bench: Bench, at: number) => void,
    { tellsWhatWaits = false } = {},
  ) {
    this.budget = new TurnBudget(() => this.begin(), {
      nowMs: () => this.nowMs,
      ...(tellsWhatWaits && { waiting: () => this.waiting }),
    });
  }

  get begunCount(): number {
    return this.begun;
  }

  begin(): void {
    while (this.waiting > 0 && this.budget.admits()) {
      this.waiting -= 1;
      this.piece(this, this.begun++);
    }
  }
}

describe('TurnBudget', () => {
  it('lets some pieces be begun at once, and the rest behind all promises of those, in the same turn', async () => {
    const bench = new Bench(IN_A_ROW + 1, ({ marks }, at) => {
      marks.push(`begin ${at}`);
      if (at === 0) void settleSlowly(marks);
    });
    setImmediate(() => bench.marks.push('next turn'));
    bench.begin();
    expect(bench.begunCount).toBe(IN_A_ROW);
    await turn();
    expect(bench.marks.slice(IN_A_ROW)).toEqual(['settled', `begin ${IN_A_ROW}`, 'next turn']);
  });

  it('lets the event loop turn when pieces have taken their time', async () => {
    const bench = new Bench(IN_A_ROW + 1, (self) => (self.nowMs += 1));
    const begunInTime: number[] = [];
    bench.begin();
    setImmediate(() => begunInTime.push(bench.begunCount));
    await turn();
    await turn();
    expect(begunInTime).toEqual([IN_A_ROW]);
    expect(bench.begunCount).toBe(IN_A_ROW + 1);
  });

  it('lets the event loop turn when many pieces are begun, however quickly', async () => {
    const bench = new Bench(6 * IN_A_ROW + 1, () => undefined);
    const begunInTime: number[] = [];
    bench.begin();
    setImmediate(() => begunInTime.push(bench.begunCount));
    await turn();
    await turn();
    expect(begunInTime).toEqual([6 * IN_A_ROW]);
    expect(bench.begunCount).toBe(6 * IN_A_ROW + 1);
  });

  it.each([
    { waiting: 200, ms: 0.07, inTurn: IN_A_ROW, until: 'a quarter of what waits is begun' },
    { waiting: 400, ms: 0.07, inTurn: 2 * IN_A_ROW, until: 'a quarter of what waits is begun' },
    { waiting: 10_000, ms: 0.1, inTurn: 3 * IN_A_ROW, until: '16 ms have passed' },
  ])('lets turns of much work take longer: of $waiting until $until', async ({ waiting, ms, inTurn }) => {
    const bench = new Bench(waiting, (self) => (self.nowMs += ms), { tellsWhatWaits: true });
    const begunInTime: number[] = [];
    bench.begin();
    setImmediate(() => begunInTime.push(bench.begunCount));
    await turn();
    expect(begunInTime).toEqual([inTurn]);
  });

  it('begins all there is, however long it takes, and each once', async () => {
    const bench = new Bench(1_000, (self) => (self.nowMs += 0.5));
    bench.begin();
    while (bench.begunCount < 1_000) await turn();
    await turn();
    expect(bench.begunCount).toBe(1_000);
  });

  it('admits nothing out of line while it rests', () => {
    const bench = new Bench(IN_A_ROW + 1, () => undefined);
    bench.begin();
    expect(bench.budget.admits()).toBe(false);
  });

  it('counts anew in each turn of the event loop', async () => {
    const bench = new Bench(IN_A_ROW, () => undefined);
    bench.begin();
    await turn();
    expect(Array.from({ length: IN_A_ROW + 1 }, () => bench.budget.admits())).toEqual([
      ...Array<boolean>(IN_A_ROW).fill(true),
      false,
    ]);
  });
});

/** Promises that set others going. */
async function settleSlowly(marks: string[]): Promise<void> {
  for (let hop = 0; hop < 20; hop += 1) await null;
  marks.push('settled');
}
