import { randomBytes } from 'node:crypto';
import { keyring, type Keyring, type KeyringOptions } from 'nestjs-kafka-rpc';

const [k1, k2] = [randomBytes(32), randomBytes(32)];

/** The steps of docs/security.md: teach the new key, write with it, forget the old one. */
const STEPS: readonly KeyringOptions[] = [
  { current: 'k1', keys: { k1, k2 } },
  { current: 'k2', keys: { k1, k2 } },
  { current: 'k2', keys: { k2 } },
];

/** The keyrings of so many clients and servers, on their way from one key to another. */
export class KeyRotation {
  readonly rings: readonly Keyring[];

  constructor(sides: number) {
    this.rings = Array.from({ length: sides }, () => keyring({ current: 'k1', keys: { k1 } }));
  }

  /** Takes every step on every side before the next begins. @param overlap what has to happen between two steps */
  async run(afterEach: () => unknown, overlap?: () => unknown): Promise<void> {
    for (const step of STEPS) {
      for (const ring of this.rings) {
        await ring.rotate(step);
        await afterEach();
      }
      await overlap?.();
    }
  }
}
