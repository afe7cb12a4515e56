import {
  formatCallId,
  formatInstanceId,
  isSameInstance,
  newInstanceId,
} from '../../../lib/protocol/instance-id.js';

describe('an instance id', () => {
  it('has 128 bits, and is given once', () => {
    const ids = Array.from({ length: 1_000 }, newInstanceId);
    expect(ids.every(({ length }) => length === 16)).toBe(true);
    expect(new Set(ids.map(formatInstanceId)).size).toBe(1_000);
  });

  it('is the same wherever its bytes stand, and no other is', () => {
    const id = newInstanceId();
    expect([isSameInstance(id, id), isSameInstance(Buffer.from(id), id)]).toEqual([true, true]);
    expect([isSameInstance(newInstanceId(), id), isSameInstance(undefined, id)]).toEqual([false, false]);
  });

  it('is shown as 32 hexadecimal digits, and a call by it and its number', () => {
    const id = Buffer.from('00ff'.repeat(8), 'hex');
    expect(formatInstanceId(id)).toBe('00ff'.repeat(8));
    expect(formatCallId(id, 7)).toBe(`${'00ff'.repeat(8)}-7`);
  });
});
