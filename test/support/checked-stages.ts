import { keyring, verification, type WireInterceptor } from 'nestjs-kafka-rpc';

/** Stages that authenticate every record. */
export const checkedStages = (): WireInterceptor[] => [
  verification({
    algorithm: 'hmac-sha256',
    keyring: keyring({ current: 'k', keys: { k: Buffer.alloc(32, 7) } }),
  }),
];

/** Records as most services have them, and those of which a server knows whether it has seen them. For `describe.each`. */
export const RECORD_KINDS: readonly (readonly [name: string, stages: () => WireInterceptor[]])[] = [
  ['plain', () => []],
  ['authenticated', checkedStages],
];
