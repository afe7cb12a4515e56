import { keyDigest, requestDigest } from '../../../../lib/server/results/request-digest.js';
import { request } from '../../../support/incoming-calls.js';
import { GOLDEN_MESSAGES } from '../../protocol/golden-bytes.js';

describe('the digests of a result', () => {
  it('are those of the protocol', () => {
    const { value } = GOLDEN_MESSAGES.find(({ name }) => name === 'result')!;
    const message = request({ pattern: 'pay', payload: Buffer.from('{}') });
    expect(value).toMatchObject({
      keyDigest: keyDigest('order-1'),
      requestDigest: requestDigest(message, 'json'),
    });
  });

  it.each([
    ['the pattern', request({ pattern: 'pay2' }), 'json'],
    ['the payload', request({ payload: Buffer.from('[]') }), 'json'],
    ['the serializer', request(), 'msgpack'],
    [
      'what of the pattern is in the payload',
      request({ pattern: 'sum.a', payload: Buffer.from('dd{}') }),
      'json',
    ],
  ])('differ with %s', (_what, message, contentType) => {
    expect(requestDigest(message, contentType)).not.toEqual(requestDigest(request(), 'json'));
  });

  it('do not differ with headers, metadata, key and number', () => {
    const other = request({ seq: 9, headers: { a: 'b' }, metadata: Buffer.from('m'), key: Buffer.from('k') });
    expect(requestDigest(other, 'json')).toEqual(requestDigest(request(), 'json'));
  });
});
