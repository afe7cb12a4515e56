import { ConnectionHealth } from '../../../../lib/driver/kafkajs/connection-health.js';
import type { DriverEvent } from '../../../../lib/driver/driver.js';

const healthy = () => {
  const events: DriverEvent[] = [];
  const lines: string[] = [];
  const say =
    (level: string) =>
    (line: string): void =>
      void lines.push(`${level}: ${line}`);
  const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  return { health: new ConnectionHealth((event) => events.push(event), log), events, lines };
};

const crashed = (message: string): DriverEvent => ({ type: 'crashed', error: new Error(message) });

describe('the health of a connection', () => {
  it('is that of the worst off: a reader that is well does not hide a group that is not', () => {
    const { health, events } = healthy();
    health.report('group', crashed('no right'));
    health.report('reading', { type: 'disconnected' });
    health.report('reading', { type: 'connected' });
    expect(events.map(({ type }) => type)).toEqual(['crashed']);

    health.report('group', { type: 'connected' });
    expect(events.map(({ type }) => type)).toEqual(['crashed', 'connected']);
  });

  it('goes back to what is still wrong when the worst is over', () => {
    const { health, events } = healthy();
    health.report('group', { type: 'rebalancing', groupId: 'g' });
    health.report('reading', crashed('no right'));
    health.report('reading', { type: 'connected' });
    expect(events.map(({ type }) => type)).toEqual(['rebalancing', 'crashed', 'rebalancing']);
  });

  it('tells each trouble once, with a warning, and when it is over', () => {
    const { health, events, lines } = healthy();
    for (let i = 0; i < 5; i++) health.report('reading', crashed('Read on topic t is not permitted'));
    health.report('reading', { type: 'connected' });
    expect(events).toHaveLength(2);
    expect(lines).toEqual([
      expect.stringMatching(/^warn: Read on topic t/),
      expect.stringMatching(/^info: .*Read on topic t/),
    ]);
  });

  it('hands on what is no state', () => {
    const { health, events } = healthy();
    const change = { type: 'partitions-changed', topic: 't', from: 1, to: 2 } as const;
    health.report('reading', change);
    expect(events).toEqual([change]);
  });
});
