import { RpcStatus } from '../../../lib/errors/status.js';
import {
  MESSAGE_KINDS,
  type DeferredMessage,
  KeptEnd,
  ResultMessage,
  type FailedRun,
  type Message,
  type MessageOrigin,
} from '../../../lib/protocol/message.js';
import type { SeededRandom } from '../../support/seeded-random.js';

const ALPHABET = ['a', 'Z', '0', ' ', 'é', '€', '𝄞', '\u0000', '"', '{'];
const HEADER_NAMES = ['a', 'lang', '__proto__', 'constructor', 'ключ', ''];
const KINDS = Object.keys(MESSAGE_KINDS) as Message['kind'][];

const text = (random: SeededRandom): string =>
  Array.from({ length: random.integer(random.pick([3, 30, 300])) }, () => random.pick(ALPHABET)).join('');

const bytes = (random: SeededRandom): Buffer =>
  Buffer.from(Array.from({ length: random.integer(random.pick([2, 20, 300])) }, () => random.integer(256)));

const uint32 = (random: SeededRandom): number =>
  random.pick([0, 1, 2 ** 31, 2 ** 32 - 1, random.integer(2 ** 32)]);

const timeMs = (random: SeededRandom): number =>
  random.pick([0, -1, 1.5e12, 0.1, Infinity, random.next() * 2e12]);

const headers = (random: SeededRandom): Record<string, string> => {
  const all = Object.create(null) as Record<string, string>;
  for (let i = random.integer(4); i > 0; i--) all[random.pick(HEADER_NAMES)] = text(random);
  return all;
};

const failedRun = (random: SeededRandom): FailedRun | null => {
  const failed = {
    status: random.pick(Object.values(RpcStatus)),
    message: text(random),
    atMs: timeMs(random),
  };
  return random.pick([null, failed]);
};

const origin = (random: SeededRandom): MessageOrigin | null => {
  const known = {
    sender: Buffer.alloc(16, random.integer(256)),
    seq: random.integer(2 ** 40),
    topic: text(random),
    partition: uint32(random),
    offset: random.pick([0n, 1n, 2n ** 32n, 2n ** 63n - 1n, BigInt(random.integer(2 ** 40))]),
    timestampMs: timeMs(random),
  };
  return random.pick([null, known]);
};

/** What requests, events and deferred messages have in common. */
const invocation = (random: SeededRandom) => ({
  attempt: random.integer(256),
  ttlMs: uint32(random),
  sentAtMs: timeMs(random),
  pattern: text(random),
  key: random.pick([null, bytes(random), Buffer.alloc(0)]),
  headers: headers(random),
  metadata: bytes(random),
  payload: bytes(random),
});

const randomDeferred = (random: SeededRandom, seq: number): DeferredMessage => ({
  kind: 'deferred',
  seq,
  ...invocation(random),
  invokes: random.pick(['request', 'event'] as const),
  dueAtMs: timeMs(random),
  runs: uint32(random),
  redriven: random.integer(2 ** 16),
  contentType: text(random),
  origin: origin(random),
  firstError: failedRun(random),
  lastError: failedRun(random),
});

const randomResult = (random: SeededRandom, seq: number): ResultMessage => ({
  kind: 'result',
  seq,
  keyDigest: Buffer.alloc(32, random.integer(256)),
  requestDigest: Buffer.alloc(32, random.integer(256)),
  doneAtMs: timeMs(random),
  pattern: text(random),
  caller: Buffer.alloc(16, random.integer(256)),
  callSeq: random.integer(2 ** 40),
  end: random.pick<KeptEnd>([
    { status: 'OK', payload: random.pick([null, bytes(random)]) },
    { status: random.pick(Object.values(RpcStatus)), message: text(random), details: bytes(random) },
  ]),
});

/** Any message that a sender of version 1 may send. */
export const randomMessage = (random: SeededRandom): Message => {
  const kind = random.pick(KINDS);
  const seq = random.pick([1, 2 ** 32, 2 ** 48 - 1, random.integer(2 ** 40)]);
  const reply = { seq, run: uint32(random) };
  const times = { receivedAtMs: timeMs(random), repliedAtMs: timeMs(random) };
  switch (kind) {
    case 'request':
    case 'event':
      return {
        kind,
        seq,
        ...invocation(random),
      };
    case 'deferred':
      return randomDeferred(random, seq);
    case 'idempotent':
      return { kind, seq, ...invocation(random), idempotencyKey: text(random) };
    case 'result':
      return randomResult(random, seq);
    case 'headers':
      return { kind, ...reply, headers: headers(random) };
    case 'progress':
      return { kind, ...reply, index: uint32(random), payload: bytes(random) };
    case 'next':
      return { kind, ...reply, index: uint32(random), payload: bytes(random) };
    case 'complete':
      return {
        kind,
        ...reply,
        ...times,
        index: uint32(random),
        payload: random.pick([null, bytes(random), Buffer.alloc(0)]),
      };
    case 'error':
      return {
        kind,
        ...reply,
        ...times,
        status: random.pick(Object.values(RpcStatus)),
        retryable: random.pick([true, false]),
        message: text(random),
        details: bytes(random),
      };
    case 'cancel':
      return { kind, seq };
    case 'ping':
      return {
        kind,
        seq,
        asks: random.integer(256),
        server: random.pick([null, Buffer.alloc(16, random.integer(256))]),
      };
    case 'credit':
      return random.pick([true, false])
        ? { kind, seq, count: uint32(random) }
        : { kind, seq, count: uint32(random), bytes: uint32(random) };
    case 'pong':
      return { kind, seq, ...times, payload: bytes(random) };
  }
};
