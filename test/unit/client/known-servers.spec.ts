import { KnownServers } from '../../../lib/client/known-servers.js';
import { newInstanceId } from '../../../lib/protocol/instance-id.js';

const MAX_KNOWN = 1_024;

describe('KnownServers', () => {
  it('has one object for the id of each server, in memory of its own', () => {
    const servers = new KnownServers();
    const record = Buffer.alloc(1_000, 7);
    const id = servers.idOf(record.subarray(0, 16));
    expect(id).toEqual(record.subarray(0, 16));
    expect(servers.idOf(record.subarray(16, 32))).toBe(id);
    record.fill(8);
    expect(id).toEqual(Buffer.alloc(16, 7));
    expect(servers.idOf(record.subarray(0, 16))).not.toBe(id);
  });

  it('forgets all rather than grow without end', () => {
    const servers = new KnownServers();
    const given = newInstanceId();
    const first = servers.idOf(given);
    for (let i = 0; i < MAX_KNOWN; i++) servers.idOf(newInstanceId());
    const again = servers.idOf(given);
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
  });
});
