import { channels } from '../../lib/diagnostics/channels.js';

// Channels are the process's: with one worker, the next suite's calls would be heard by what this one left.
afterAll(() => {
  const heard = Object.values(channels).filter((channel) => channel.hasSubscribers);
  expect(heard.map(({ name }) => name)).toEqual([]);
});
