import { Logger } from '@nestjs/common';
import { closeOnSignals } from 'nestjs-kafka-rpc';
import { deferred } from '../../support/deferred.js';
import { until } from '../../support/until.js';

describe('closeOnSignals()', () => {
  let order: string[];
  let stopListening: () => void;
  const end = (signal: NodeJS.Signals): void => void order.push(`ended by ${signal}`);
  const named = (name: string, work: Promise<unknown> = Promise.resolve()) => ({
    close: async () => {
      order.push(`${name} closes`);
      await work;
      order.push(`${name} closed`);
    },
  });
  const signal = (name: NodeJS.Signals): void => void process.emit(name, name);
  const ended = (): Promise<void> => until(() => order.some((step) => step.startsWith('ended')));

  beforeEach(() => {
    order = [];
  });

  afterEach(() => stopListening());

  it('closes the servers, then the app, and ends the process by the same signal', async () => {
    const before = process.listenerCount('SIGTERM');
    stopListening = closeOnSignals(named('app'), { servers: [named('one'), named('two')], end });
    signal('SIGTERM');
    await ended();
    expect(order).toEqual([
      'one closes',
      'one closed',
      'two closes',
      'two closed',
      'app closes',
      'app closed',
      'ended by SIGTERM',
    ]);
    expect(process.listenerCount('SIGTERM')).toBe(before);
  });

  it('ends the process at once by a second signal, of whichever kind', async () => {
    const hangs = deferred();
    stopListening = closeOnSignals(named('app', hangs.promise), { end });
    signal('SIGTERM');
    await until(() => order.length === 1);
    signal('SIGINT');
    expect(order).toEqual(['app closes', 'ended by SIGINT']);
    hangs.resolve();
  });

  it('closes what is left, and tells, when one does not close', async () => {
    const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const failure = new Error('It is stuck.');
    const stuck = { close: () => Promise.reject(failure) };
    stopListening = closeOnSignals(named('app'), { servers: [stuck], signals: ['SIGUSR2'], end });
    signal('SIGUSR2');
    await ended();
    expect(order).toEqual(['app closes', 'app closed', 'ended by SIGUSR2']);
    expect(log).toHaveBeenCalledWith(expect.stringContaining('It is stuck.'));
    log.mockRestore();
  });

  it('hears nothing once it is told to stop listening', () => {
    closeOnSignals(named('app'), { signals: ['SIGUSR2'], end })();
    // Without a listener emit() has nobody to call; the process would end by a real one.
    expect(process.emit('SIGUSR2', 'SIGUSR2')).toBe(false);
    expect(order).toEqual([]);
  });
});
