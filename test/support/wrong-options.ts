/** A value that an option must not have, and how it is shown in the error. */
export interface WrongOption {
  readonly name: string;
  readonly value: unknown;
  readonly got: string;
}

const stage = (name: unknown): object => ({ name, encode: () => undefined, decode: () => undefined });

/** What clients and servers refuse alike. */
export const WRONG_WIRE_OPTIONS: readonly WrongOption[] = [
  { name: 'driver', value: undefined, got: 'undefined' },
  { name: 'driver', value: null, got: 'null' },
  { name: 'driver', value: 'kafkajs', got: '"kafkajs"' },
  { name: 'driver', value: { brokers: [] }, got: 'an object (brokers)' },
  { name: 'serializer', value: {}, got: 'an object ()' },
  { name: 'serializer', value: 'json', got: '"json"' },
  { name: 'interceptors', value: stage('a'), got: 'an object (name, encode, decode)' },
  { name: 'interceptors', value: [{}], got: 'an object ()' },
  { name: 'interceptors', value: [stage('')], got: '""' },
  { name: 'interceptors', value: [stage(undefined)], got: 'undefined' },
  { name: 'interceptors', value: [stage('a+b')], got: '"a+b"' },
  { name: 'interceptors', value: [stage('a'), stage('a')], got: '"a"' },
  { name: 'acks', value: 0, got: '0' },
  { name: 'acks', value: 'all', got: '"all"' },
  { name: 'maxRecordBytes', value: 1_023, got: '1023' },
  { name: 'maxRecordBytes', value: Infinity, got: 'Infinity' },
  { name: 'maxQueuedBytes', value: 0, got: '0' },
  { name: 'partitions', value: 0, got: '0' },
  { name: 'partitions', value: 10_001, got: '10001' },
  { name: 'replyPartitions', value: '8', got: '"8"' },
  { name: 'replicationFactor', value: -2, got: '-2' },
  { name: 'maxRecordBytes', value: 2 ** 31, got: '2147483648' },
  { name: 'stageTimeoutMs', value: 2 ** 31, got: '2147483648' },
  { name: 'stageTimeoutMs', value: 0, got: '0' },
  { name: 'clientId', value: 'x'.repeat(0x8000), got: `"${'x'.repeat(0x8000)}"` },
  { name: 'topics', value: { replies: 'rpc.sum.requests' }, got: '"rpc.sum.requests"' },
  { name: 'topics', value: { prefix: 'a.', replies: 'x', requests: () => 'x' }, got: '"a.x"' },
  { name: 'topics', value: { requests: 'rpc.sum' }, got: '"rpc.sum"' },
  {
    name: 'topics',
    value: {
      requests: () => {
        throw new Error('no name');
      },
    },
    got: 'undefined',
  },
];
