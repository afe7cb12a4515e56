import { json } from '../../lib/wire/serializers/json.js';
import { msgpack } from '../../lib/wire/serializers/msgpack.js';
import { payloadTexts } from '../fleet/payloads.js';
import type { Subject } from './subject.js';

/** Values as handlers take and give them. */
export function payloadSubjects(): Subject[] {
  const values = {
    'sum terms': { a: 1_234, b: 99, nonce: 123_456_789_012 },
    'an order of ten lines': {
      id: 'b0c7e5d2-5b7e-4f0e-8f57-0d2ce4e6a1a1',
      customer: { name: 'Ada Lovelace', email: 'ada@example.com', isNew: false },
      lines: Array.from({ length: 10 }, (_, at) => ({
        article: `article-${at}`,
        quantity: at + 1,
        price: 9.99,
      })),
    },
    'a text of 1 KB': payloadTexts(1_024)[0] ?? '',
  };
  return Object.entries(values).flatMap(([name, value]) =>
    [msgpack(), json()].flatMap((serializer): Subject[] => {
      const bytes = serializer.serialize(value);
      const of = (direction: string): string => `${serializer.contentType}, ${name}: ${direction}`;
      return [
        { name: of('serialize'), operations: 1, run: () => void serializer.serialize(value) },
        { name: of('deserialize'), operations: 1, run: () => void serializer.deserialize(bytes) },
      ];
    }),
  );
}
