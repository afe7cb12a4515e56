import kafkajs from 'kafkajs';
import {
  COOPERATIVE,
  decodeShare,
  decodeSubscription,
  EAGER,
  encodeShare,
  encodeSubscriptions,
  type MemberSubscription,
} from '../../../../lib/driver/kafkajs/group-protocol.js';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

const subscription: MemberSubscription = {
  topics: ['orders', 'größe'],
  owned: [
    { topic: 'orders', partition: 0 },
    { topic: 'orders', partition: 7 },
    { topic: 'größe', partition: 2 },
  ],
  isReading: true,
  generationId: 12,
  partitions: 11,
  memberData: Buffer.from('whatever'),
};

const encoded = (name: string): Buffer =>
  encodeSubscriptions(subscription).find((protocol) => protocol.name === name)!.metadata;

describe('what members say of themselves', () => {
  it.each([COOPERATIVE, EAGER])('comes back as it went under the protocol %s', (name) => {
    expect(decodeSubscription(name, encoded(name))).toEqual(subscription);
  });

  it('offers the incremental way first', () => {
    expect(encodeSubscriptions(subscription).map(({ name }) => name)).toEqual([COOPERATIVE, EAGER]);
  });

  it('has the owned partitions where version 1 of the consumer protocol has them', () => {
    const { version, topics, userData } = MemberMetadata.decode(encoded(COOPERATIVE))!;
    expect([version, topics]).toEqual([1, subscription.topics]);
    const head = 2 + 4 + (2 + 6) + (2 + 7) + 4 + userData.length;
    const owned = encoded(COOPERATIVE).subarray(head);
    const expected = Buffer.concat([
      Buffer.from('000000020006', 'hex'),
      Buffer.from('orders'),
      Buffer.from('0000000200000000000000070007', 'hex'),
      Buffer.from('größe'),
      Buffer.from('0000000100000002', 'hex'),
    ]);
    expect(owned).toEqual(expected);
  });

  it('is understood by members of the version before', () => {
    const { version, topics, userData } = MemberMetadata.decode(encoded(EAGER))!;
    expect([version, topics]).toEqual([0, subscription.topics]);
    expect(MemberAssignment.decode(userData)?.assignment).toEqual({ orders: [0, 7], größe: [2] });
  });

  it('is understood when a member of the version before says it', () => {
    const userData = MemberAssignment.encode({
      version: 0,
      assignment: { t: [1] },
      userData: Buffer.alloc(0),
    });
    const metadata = MemberMetadata.encode({ version: 0, topics: ['t'], userData });
    expect(decodeSubscription(EAGER, metadata)).toMatchObject({
      topics: ['t'],
      owned: [{ topic: 't', partition: 1 }],
      isReading: false,
    });
  });

  it('never throws, whatever bytes it is made of', () => {
    for (const name of [COOPERATIVE, EAGER]) {
      const whole = encoded(name);
      for (let length = 0; length < whole.length; length++) {
        expect(() => decodeSubscription(name, whole.subarray(0, length))).not.toThrow();
      }
    }
  });
});

describe('what the leader tells a member', () => {
  it('comes back as it went', () => {
    const share = { partitions: subscription.owned, group: { members: 3, partitions: 16 }, isPartial: true };
    expect(decodeShare(encodeShare(share))).toEqual(share);
  });

  it('is understood by members of the version before, and when one of them says it', () => {
    const share = {
      partitions: [{ topic: 't', partition: 1 }],
      group: { members: 3, partitions: 16 },
      isPartial: true,
    };
    expect(MemberAssignment.decode(encodeShare(share))?.assignment).toEqual({ t: [1] });
    const old = MemberAssignment.encode({ version: 0, assignment: { t: [1] }, userData: Buffer.alloc(0) });
    expect(decodeShare(old)).toEqual({
      partitions: [{ topic: 't', partition: 1 }],
      group: { members: undefined, partitions: 0 },
      isPartial: false,
    });
  });
});
