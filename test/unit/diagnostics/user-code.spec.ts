import { Counters } from '../../../lib/diagnostics/counters.js';
import { guardedLog } from '../../../lib/diagnostics/log.js';
import { reportedUserCode, UserCode, type CallOut } from '../../../lib/diagnostics/user-code.js';

describe('User code', () => {
  it('that throws is reported, and goes no further', () => {
    const reported: [CallOut, unknown][] = [];
    const guard = new UserCode((callOut, error) => reported.push([callOut, error]));
    const error = new Error('mine');

    const went = guard.run('observer', () => {
      throw error;
    });

    expect(went).toBe(false);
    expect(reported).toEqual([['observer', error]]);
  });

  it('that comes back well is not reported', () => {
    const guard = new UserCode(() => {
      throw new Error('not to be called');
    });
    expect(guard.run('listener', () => undefined)).toBe(true);
  });

  it('that throws is counted and logged, whatever it throws', () => {
    const [counters, lines] = [new Counters(), [] as string[]];
    const keep = (line: string): number => lines.push(line);
    const guard = reportedUserCode(counters, guardedLog({ log: keep, warn: keep, error: keep }));
    guard.run('listener', () => {
      throw 7n;
    });
    expect(lines).toEqual(["The app's listener threw: 7"]);
    expect(counters.snapshot().userCodeErrors).toBe(1);
  });

  it('is a logger, too: one that throws loses its line and nothing else', () => {
    const broken = (): never => {
      throw new Error('disk full');
    };
    const log = guardedLog({ log: broken, warn: broken, error: broken, debug: broken });
    for (const level of ['debug', 'info', 'warn', 'error'] as const)
      expect(() => log[level]('line')).not.toThrow();
  });
});
