import { AnsweredCalls } from '../../../lib/client/answered-calls.js';
import { Counters } from '../../../lib/diagnostics/counters.js';
import { formatInstanceId, newInstanceId } from '../../../lib/protocol/instance-id.js';

const [FIRST, SECOND] = [newInstanceId(), newInstanceId()];

describe('AnsweredCalls', () => {
  let counters: Counters;
  let lines: string[];
  let answered: AnsweredCalls;

  beforeEach(() => {
    counters = new Counters();
    lines = [];
    answered = new AnsweredCalls(counters, (line) => void lines.push(line));
  });

  const duplicates = (): number => counters.snapshot().duplicateAnswers;

  it('count a second answer by another server, and name both servers once in a while', () => {
    for (let seq = 1; seq <= 100; seq++) answered.add(seq, FIRST);
    for (let seq = 1; seq <= 100; seq++) answered.answeredAgain(seq, SECOND);
    expect(duplicates()).toBe(100);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(formatInstanceId(FIRST));
    expect(lines[0]).toContain(formatInstanceId(SECOND));
  });

  it('do not count an answer that its server repeats, nor one to a call that had none', () => {
    answered.add(1, FIRST);
    answered.answeredAgain(1, Buffer.from(FIRST));
    answered.answeredAgain(2, SECOND);
    expect([duplicates(), lines]).toEqual([0, []]);
  });

  it('are the last thousand', () => {
    for (let seq = 1; seq <= 10_000; seq++) answered.add(seq, FIRST);
    answered.answeredAgain(1, SECOND);
    expect(duplicates()).toBe(0);
    answered.answeredAgain(9_001, SECOND);
    expect(duplicates()).toBe(1);
  });
});
