import { ReplyTopic } from '../../../lib/server/reply-topic.js';

describe('ReplyTopic', () => {
  it('learns of more partitions when somebody asks', async () => {
    const topic = new ReplyTopic('rpc.replies', 1, async () => 16);
    expect([topic.partitions, topic.mayHaveGrown]).toEqual([1, true]);
    await topic.lookUp();
    expect(topic.partitions).toBe(16);
  });

  it('asks the broker once a second at most, whatever strangers name', async () => {
    let [asked, nowMs] = [0, 0];
    const topic = new ReplyTopic(
      'rpc.replies',
      1,
      async () => {
        asked += 1;
        return 1;
      },
      () => nowMs,
    );
    await Promise.all([topic.lookUp(), topic.lookUp()]);
    expect([asked, topic.mayHaveGrown]).toEqual([1, false]);
    nowMs = 999;
    expect(topic.mayHaveGrown).toBe(false);
    nowMs = 1_000;
    expect(topic.mayHaveGrown).toBe(true);
  });

  it('keeps what it knows when the broker does not answer', async () => {
    const topic = new ReplyTopic('rpc.replies', 4, () => Promise.reject(new Error('away')));
    await topic.lookUp();
    expect(topic.partitions).toBe(4);
  });
});
