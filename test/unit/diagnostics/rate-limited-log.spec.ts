import { RateLimitedLog } from '../../../lib/diagnostics/rate-limited-log.js';

describe('RateLimitedLog', () => {
  let now: number;
  let lines: string[];
  let log: RateLimitedLog<'one' | 'other'>;

  beforeEach(() => {
    now = 0;
    lines = [];
    log = new RateLimitedLog(
      (line) => lines.push(line),
      () => now,
    );
  });

  it('writes the first line of a kind at once, whatever other kinds do', () => {
    log.add('one', () => 'a');
    log.add('other', () => 'b');
    expect(lines).toEqual(['a', 'b']);
  });

  it('writes one line in 10 s, with the number that it left out', () => {
    for (let i = 0; i < 100_000; i++) log.add('one', () => `line ${i}`);
    now = 9_999;
    log.add('one', () => 'still too early');
    now = 10_000;
    log.add('one', () => 'late');
    now = 20_000;
    log.add('one', () => 'later');
    expect(lines).toEqual(['line 0', 'late (and 100000 more like it before)', 'later']);
  });

  it('makes no line that it does not write', () => {
    const line = jest.fn(() => 'a');
    for (let i = 0; i < 5; i++) log.add('one', line);
    expect(line).toHaveBeenCalledTimes(1);
  });
});
