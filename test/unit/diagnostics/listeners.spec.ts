import { UserCode } from '../../../lib/diagnostics/user-code.js';
import { Listeners } from '../../../lib/diagnostics/listeners.js';

type Events = { opened: (name: string) => void; closed: () => void };

describe('Listeners', () => {
  const failures: unknown[] = [];
  let listeners: Listeners<Events>;

  beforeEach(() => {
    failures.splice(0);
    listeners = new Listeners<Events>(new UserCode((callOut, error) => failures.push([callOut, error])));
  });

  it('are told in the order in which they came, with what happened', () => {
    const told: string[] = [];
    listeners.on('opened', (name) => told.push(`first ${name}`));
    listeners.on('opened', (name) => told.push(`second ${name}`));
    listeners.on('closed', () => told.push('closed'));
    listeners.tell('opened', 'a');
    expect(told).toEqual(['first a', 'second a']);
  });

  it('harm nobody else when they throw', () => {
    const error = new Error('a bug');
    const later = jest.fn();
    listeners.on('opened', () => {
      throw error;
    });
    listeners.on('opened', later);
    listeners.tell('opened', 'a');
    expect(later).toHaveBeenCalledTimes(1);
    expect(failures).toEqual([['listener', error]]);
  });

  it('harm nobody when they reject', async () => {
    listeners.on('opened', (async () => Promise.reject(new Error('later'))) as never);
    listeners.tell('opened', 'a');
    await new Promise(setImmediate);
    expect(failures).toEqual([['listener', new Error('later')]]);
  });

  it('are told from the next event on when they come while one is told', () => {
    let told = 0;
    const again = (): void => {
      told += 1;
      listeners.on('closed', again);
    };
    listeners.on('closed', again);
    listeners.tell('closed');
    expect(told).toBe(1);
  });

  it('need not be there', () => {
    listeners.tell('closed');
    expect(failures).toEqual([]);
  });
});
