import { createHash } from 'node:crypto';
import { encodeEnvelope } from '../../lib/protocol/envelope.js';
import { Codec } from '../../lib/wire/codec.js';
import { compression } from '../../lib/wire/interceptors/compression.js';
import { encryption } from '../../lib/wire/interceptors/encryption.js';
import { verification } from '../../lib/wire/interceptors/verification.js';
import { keyring } from '../../lib/wire/keyring/keyring.js';
import { msgpack } from '../../lib/wire/serializers/msgpack.js';
import type { WireInterceptor } from '../../lib/wire/wire-interceptor.js';
import { payloadTexts } from '../fleet/payloads.js';
import { requestEnvelope } from './frames.js';
import type { Subject } from './subject.js';

const BYTES = 1_024;
const PLACE = { topic: 'rpc.sum.requests', partition: 3 };

/** Records of 1 KB, half compressible, through each stage alone and through all three, as the codec runs them. */
export async function stageSubjects(): Promise<Subject[]> {
  const ring = keyring({ current: 'micro', keys: { micro: createHash('sha256').update('micro').digest() } });
  const chains: Readonly<Record<string, WireInterceptor[]>> = {
    'compression, zstd': [compression()],
    'encryption, AES-256-GCM': [encryption({ keyring: ring })],
    'verification, HMAC-SHA-256': [verification({ keyring: ring })],
    'verification, CRC32C': [verification({ algorithm: 'crc32c' })],
    'all three stages': [compression(), encryption({ keyring: ring }), verification({ keyring: ring })],
  };
  const subjects: Subject[] = [];
  for (const [name, stages] of Object.entries(chains)) subjects.push(...(await subjectsOf(name, stages)));
  return subjects;
}

async function subjectsOf(name: string, stages: WireInterceptor[]): Promise<Subject[]> {
  const codec = new Codec(msgpack(), stages);
  await codec.open();
  const envelope = requestEnvelope(codec.stages);
  const frames = Buffer.from(payloadTexts(BYTES)[0] ?? '');
  const target = { ...PLACE, direction: 'request' as const, envelope: encodeEnvelope(envelope) };
  const encoded = await codec.encode(frames, target);
  const record = { ...PLACE, ...encoded, key: null, offset: 0n, timestampMs: 0 };
  return [
    { name: `${name}: encode`, operations: 1, run: () => void codec.encode(frames, target) },
    { name: `${name}: decode`, operations: 1, run: () => void codec.decode(record, envelope) },
  ];
}
