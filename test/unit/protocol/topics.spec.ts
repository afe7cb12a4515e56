import { resolveTopicNames } from '../../../lib/protocol/topics.js';

describe('the names of topics', () => {
  it('follow from the service', () => {
    const topics = resolveTopicNames();
    expect(topics.requests('sum')).toBe('rpc.sum.requests');
    expect(topics.replies).toBe('rpc.replies');
    expect(topics.deadLetters('sum')).toBe('rpc.sum.dead-letters');
  });

  it('begin with the prefix', () => {
    const topics = resolveTopicNames({ prefix: 'staging.' });
    expect(topics.requests('sum')).toBe('staging.rpc.sum.requests');
    expect(topics.replies).toBe('staging.rpc.replies');
    expect(topics.deadLetters('sum')).toBe('staging.rpc.sum.dead-letters');
  });

  it('are what the options say, behind the prefix', () => {
    const requests = (service: string): string => `calls-to-${service}`;
    const topics = resolveTopicNames({ prefix: 'p_', requests, replies: 'answers' });
    expect([topics.requests('sum'), topics.replies]).toEqual(['p_calls-to-sum', 'p_answers']);
    expect(Object.isFrozen(topics)).toBe(true);
  });

  it.each(['', '.', '..', 'a b', 'a/b', 'ключ', 'a\n', 'a'.repeat(250)])(
    'are refused where Kafka would: %j',
    (name) => {
      const refused = '1 to 249 characters';
      expect(() => resolveTopicNames({ replies: name })).toThrow(refused);
      expect(() => resolveTopicNames({ requests: () => name }).requests('sum')).toThrow(refused);
      expect(() => resolveTopicNames({ deadLetters: () => name }).deadLetters('sum')).toThrow(refused);
    },
  );

  it('may be 249 characters long', () => {
    expect(resolveTopicNames({ replies: 'a'.repeat(249) }).replies).toHaveLength(249);
  });

  it('are refused with an option that is none', () => {
    expect(() => resolveTopicNames({ reply: 'x' } as never)).toThrow('topics has no option "reply"');
  });
});
