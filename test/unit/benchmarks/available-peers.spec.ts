import { availablePeers, type ChosenPeers } from '../../../benchmarks/peers/available-peers.js';
import type { Peer } from '../../../benchmarks/peers/peer.js';

const peer = (name: string, reason?: string): Peer => ({
  name,
  title: name,
  unavailable: async () => reason,
  start: () => Promise.reject(new Error('Nothing is started here')),
});
const plain: Peer = { name: 'plain', title: 'plain', start: peer('plain').start };
const there = peer('there');
const absent = peer('absent', 'there is no redis-server: apt-get install redis-server');

describe('the peers of a run', () => {
  const told: string[] = [];
  const choose = (names: readonly string[]): Promise<ChosenPeers> =>
    availablePeers([plain, there, absent], names, (line) => told.push(line));

  beforeEach(() => told.splice(0));

  it('are all that this machine can run when none is named, and a line tells of each that it cannot', async () => {
    await expect(choose([])).resolves.toEqual({
      peers: [plain, there],
      skipped: [{ name: 'absent', reason: 'there is no redis-server: apt-get install redis-server' }],
    });
    expect(told).toEqual(['Skipping absent: there is no redis-server: apt-get install redis-server']);
  });

  it('are those that are named, in the order that was asked for', async () => {
    await expect(choose(['there', 'plain'])).resolves.toEqual({ peers: [there, plain], skipped: [] });
    expect(told).toEqual([]);
  });

  it('must all be there when they are named, and the error says what to install', async () => {
    await expect(choose(['plain', 'absent'])).rejects.toThrow(
      'absent cannot be measured here: there is no redis-server: apt-get install redis-server',
    );
  });

  it('do not hold a name that is nowhere, and the error says which are there', async () => {
    await expect(choose(['elsewhere'])).rejects.toThrow(
      'There is no peer "elsewhere": plain, there, absent are there',
    );
  });
});
