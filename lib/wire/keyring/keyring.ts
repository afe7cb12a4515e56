import { inspect } from 'node:util';
import { checkNames } from '../../errors/option-checks.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { materialOf, type KeyMaterial, type KeySource, type PendingMaterial } from './key-source.js';

/** The keys of both sides: one to write with, all to read with. */
export interface KeyringOptions {
  /** Id of the key for sending. It is readable in every record. */
  readonly current: string;
  /** Keys by id: 32 bytes, a passphrase, or an Ed25519 pair. An id has 1 to 64 of `A-Z a-z 0-9 . _ -`. */
  readonly keys: Readonly<Record<string, KeySource>>;
}

/** A key with its id on the wire. */
export interface NamedKey {
  readonly id: string;
  readonly material: KeyMaterial;
}

interface KeySet {
  readonly current: string;
  readonly keys: ReadonlyMap<string, NamedKey>;
}

interface PendingKeys {
  readonly current: string;
  readonly keys: ReadonlyMap<string, PendingMaterial>;
}

const BRAND = Symbol.for('nestjs-kafka-rpc.Keyring');

const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Keys by id, for `encryption()` and `verification()`. Both may share one keyring, because each derives its own keys.
 *
 * `util.inspect`, `JSON.stringify` and errors never show a key. A receiver looks up the key of a record once, by its id, and
 * tries no other key.
 */
export class Keyring {
  /** Secrets of 32 bytes (`secret`) or Ed25519 pairs (`signing`). A keyring has one kind only. */
  readonly kind: KeyMaterial['kind'];
  #set: KeySet | undefined;
  #first: PendingKeys | undefined;
  /** The last `open()` or `rotate()`: they run one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: KeyringOptions) {
    const pending = checkOptions(options);
    this.kind = kindOf(pending);
    this.#set = readyKeys(pending);
    if (this.#set === undefined) this.#first = pending;
  }

  /**
   * Derives keys from passphrases. Servers and clients call it. Cost: about 0.4 s and 128 MiB per passphrase, off the event
   * loop, one after the other. All calls share one derivation. After a failure, call it again.
   */
  async open(): Promise<void> {
    const first = this.#first;
    if (first === undefined) return;
    await this.#next(async () => {
      this.#set ??= await loadKeys(first);
      this.#first = undefined;
    });
  }

  /**
   * Replaces all keys at once, after the derivation of the last new key. Until then, and after a failure, the old keys are
   * used. To change a key without a failed call:
   *
   * 1. Everywhere, add the new key and keep the old key as `current`.
   * 2. Everywhere, make the new key `current`.
   * 3. Remove the old key when no topic holds a record of it (retention plus the longest deadline).
   *
   * @throws RpcError `INVALID_ARGUMENT` as `keyring()` does. The keys are unchanged then.
   */
  async rotate(options: KeyringOptions): Promise<void> {
    const pending = checkOptions(options);
    if (kindOf(pending) !== this.kind) throw refused(`a keyring of ${this.kind} keys keeps that kind`);
    await this.#next(async () => {
      this.#set = await loadKeys(pending);
      this.#first = undefined;
    });
  }

  /**
   * The key for sending.
   * @throws RpcError `FAILED_PRECONDITION` before `open()` has derived it.
   */
  current(): NamedKey {
    const set = this.#ready();
    return set.keys.get(set.current) as NamedKey;
  }

  /**
   * The key with this id, or `undefined`. Cost: one look-up.
   * @throws RpcError `FAILED_PRECONDITION` before `open()` has derived it.
   */
  find(id: string): NamedKey | undefined {
    return this.#ready().keys.get(id);
  }

  toJSON(): { current: string | null; keys: string[] } {
    return { current: this.#set?.current ?? null, keys: [...(this.#set?.keys.keys() ?? [])] };
  }

  [inspect.custom](): string {
    const { current, keys } = this.toJSON();
    return `Keyring { current: ${current}, keys: [${keys.join(', ')}] }`;
  }

  #next(step: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(step);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #ready(): KeySet {
    if (this.#set !== undefined) return this.#set;
    throw new RpcError(RpcStatus.FAILED_PRECONDITION, 'The keyring is not open: await its open() first.');
  }
}

Object.defineProperty(Keyring.prototype, BRAND, { value: true });

/**
 * Keys for `encryption()` and `verification()`.
 *
 *     keyring({ current: 'k2', keys: { k1: Buffer, k2: { passphrase, salt } } })
 *
 * @throws RpcError `INVALID_ARGUMENT` naming the option that cannot be used, never its content.
 */
export const keyring = (options: KeyringOptions): Keyring => new Keyring(options);

export const isKeyId = (id: string): boolean => KEY_ID.test(id);

/**
 * The keyring that a stage was given.
 * @throws RpcError `INVALID_ARGUMENT` that never shows what was given instead: it may be a key.
 */
export const checkKeyring = (stage: string, value: unknown, kind: Keyring['kind']): Keyring => {
  if (isKeyring(value) && value.kind === kind) return value;
  const wants = kind === 'secret' ? 'secret keys' : 'Ed25519 keys';
  throw new RpcError(RpcStatus.INVALID_ARGUMENT, `${stage} wants a "keyring": keyring() of ${wants}.`);
};

/** One of another copy of the package is one, too. */
const isKeyring = (value: unknown): value is Keyring =>
  typeof value === 'object' && value !== null && BRAND in value;

const checkOptions = (options: KeyringOptions): PendingKeys => {
  if (typeof options !== 'object' || options === null) throw refused('wants { current, keys }');
  checkNames('keyring()', options, ['current', 'keys']);
  const { current, keys } = options;
  if (typeof keys !== 'object' || keys === null) throw refused('"keys" must be an object of keys by id');
  const pending = new Map<string, PendingMaterial>();
  for (const [id, source] of Object.entries(keys)) {
    if (!KEY_ID.test(id)) throw refused('"keys" has an id that is not 1 to 64 of A-Z a-z 0-9 . _ -');
    pending.set(id, materialOf(`keys.${id}`, source));
  }
  const writing = typeof current === 'string' ? pending.get(current) : undefined;
  if (writing === undefined)
    throw refused(`"current" must be one of the ids [${[...pending.keys()].join(', ')}]`);
  checkKinds(pending, writing);
  return { current, keys: pending };
};

const checkKinds = (pending: ReadonlyMap<string, PendingMaterial>, writing: PendingMaterial): void => {
  const kinds = new Set([...pending.values()].map(materialKind));
  if (kinds.size > 1) throw refused('"keys" mixes secret keys and Ed25519 keys');
  if (typeof writing === 'object' && writing.kind === 'signing' && writing.privateKey === undefined) {
    throw refused('the "current" key has no privateKey to sign with');
  }
};

const materialKind = (material: PendingMaterial): KeyMaterial['kind'] =>
  typeof material === 'function' ? 'secret' : material.kind;

const kindOf = ({ current, keys }: PendingKeys): KeyMaterial['kind'] =>
  materialKind(keys.get(current) as PendingMaterial);

/** The key set, or `undefined` if a key needs a derivation. */
const readyKeys = ({ current, keys }: PendingKeys): KeySet | undefined => {
  const ready = new Map<string, NamedKey>();
  for (const [id, material] of keys) {
    if (typeof material === 'function') return undefined;
    ready.set(id, namedKey(id, material));
  }
  return { current, keys: ready };
};

/** One after the other, because each derivation takes 128 MiB while it runs. */
const loadKeys = async ({ current, keys }: PendingKeys): Promise<KeySet> => {
  const ready = new Map<string, NamedKey>();
  for (const [id, material] of keys) {
    ready.set(id, namedKey(id, typeof material === 'function' ? await material() : material));
  }
  return { current, keys: ready };
};

const namedKey = (id: string, material: KeyMaterial): NamedKey =>
  Object.freeze({ id, material: Object.freeze(material) });

const refused = (what: string): RpcError => new RpcError(RpcStatus.INVALID_ARGUMENT, `keyring(): ${what}.`);
