import { getEventListeners } from 'node:events';
import { endOfWaits, sleep } from '../../../../lib/driver/kafkajs/backoff.js';

describe('waits', () => {
  it('end all at once, however many there are, and leave nothing behind', async () => {
    const closing = endOfWaits();
    const waits = Array.from({ length: 50 }, () => sleep(60_000, closing.signal));
    expect(getEventListeners(closing.signal, 'abort')).toHaveLength(50);
    closing.abort();
    await Promise.all(waits);
    expect(getEventListeners(closing.signal, 'abort')).toHaveLength(0);
  });
});
