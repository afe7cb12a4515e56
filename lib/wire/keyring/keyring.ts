import { inspect } from 'node:util';
import { checkNames } from '../../errors/option-checks.js';
import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';
import { materialOf, type KeyMaterial, type KeySource, type PendingMaterial } from './key-source.js';

/** The keys of both sides: one to write with, all to read with. */
export interface KeyringOptions {
  /** The id of the key that records are written with. Its id travels with them, in the clear. */
  readonly current: string;
  /** Key ids (1 to 64 of `A-Z a-z 0-9 . _ -`) and where their bytes come from. */
  readonly keys: Readonly<Record<string, KeySource>>;
}

/** A key and the id that stands for it on the wire. */
export interface NamedKey {
  readonly id: string;
  readonly material: KeyMaterial;
}

interface KeySet {
  readonly current: string;
  readonly keys: ReadonlyMap<string, NamedKey>;
}

const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Keys by id, for `encryption()` and `verification()`. One keyring may serve both: each derives keys of its own from it.
 *
 * Nothing prints a key: not `util.inspect`, not `JSON.stringify`, not an error. A record's key is looked up by its id,
 * once; no other key is ever tried.
 */
export class Keyring {
  /** Whether the keys are secrets of 32 bytes or Ed25519 pairs; never mixed. */
  readonly kind: KeyMaterial['kind'];
  #set: KeySet | undefined;
  /** The last opening or rotation: they happen one after the other. */
  #turn: Promise<void> | undefined;
  #load: (() => Promise<KeySet>) | undefined;

  constructor(options: KeyringOptions) {
    const pending = checkKeyring(options);
    this.kind = kindOf(pending);
    this.#load = () => loadKeys(options.current, pending);
    this.#set = readyKeys(options.current, pending);
  }

  /**
   * Derives what has to be derived: some 0.4 s and 128 MiB per passphrase, off the event loop, one after the other.
   * Runs once, however many stages call it.
   */
  open(): Promise<void> {
    const load = this.#load;
    if (this.#turn === undefined && load !== undefined) {
      this.#load = undefined;
      this.#turn = this.#replace(load);
      this.#turn.catch(() => {
        this.#turn = undefined;
        this.#load = load;
      });
    }
    return this.#turn ?? Promise.resolve();
  }

  /**
   * Puts other keys in the place of all there are, at once, when the last of them is derived; until then, and if it
   * fails, the old ones stay. To change a key without a failed call: 1. everywhere, add the new key, keeping the old one
   * as `current`; 2. everywhere, make the new one `current`; 3. when the topics hold no record of the old one any more
   * (their retention, plus the longest deadline), leave it out.
   *
   * @throws RpcError `INVALID_ARGUMENT` as `keyring()` does; nothing is changed then.
   */
  async rotate(options: KeyringOptions): Promise<void> {
    const pending = checkKeyring(options);
    if (kindOf(pending) !== this.kind) {
      throw new RpcError(RpcStatus.INVALID_ARGUMENT, `This keyring holds ${this.kind} keys, and stays so.`);
    }
    const before = this.open().catch(() => undefined);
    const turn = before.then(() => this.#replace(() => loadKeys(options.current, pending)));
    this.#load = undefined;
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** @throws RpcError `FAILED_PRECONDITION` before `open()` has derived it. */
  current(): NamedKey {
    const set = this.#ready();
    return set.keys.get(set.current) as NamedKey;
  }

  /**
   * The key of that id, or `undefined`. One look-up.
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

  async #replace(load: () => Promise<KeySet>): Promise<void> {
    this.#set = await load();
  }

  #ready(): KeySet {
    if (this.#set !== undefined) return this.#set;
    throw new RpcError(RpcStatus.FAILED_PRECONDITION, 'The keyring is not open: await its open() first.');
  }
}

/**
 * Keys for `encryption()` and `verification()`.
 *
 *     keyring({ current: 'k2', keys: { k1: Buffer, k2: { passphrase, salt } } })
 *
 * @throws RpcError `INVALID_ARGUMENT` naming the option that cannot be used, never its content.
 */
export const keyring = (options: KeyringOptions): Keyring => new Keyring(options);

const checkKeyring = (options: KeyringOptions): ReadonlyMap<string, PendingMaterial> => {
  checkNames('keyring()', options, ['current', 'keys']);
  const { current, keys } = options;
  if (typeof keys !== 'object' || keys === null) throw refused('"keys" must be an object of keys by id');
  const pending = new Map<string, PendingMaterial>();
  for (const [id, source] of Object.entries(keys)) {
    if (!KEY_ID.test(id)) throw refused('"keys" has an id that is not 1 to 64 of A-Z a-z 0-9 . _ -');
    pending.set(id, materialOf(`keys.${id}`, source));
  }
  if (typeof current !== 'string' || !pending.has(current)) {
    throw refused(`"current" must be the id of one of the keys: ${[...pending.keys()].join(', ') || 'none'}`);
  }
  checkKinds(pending, current);
  return pending;
};

const checkKinds = (pending: ReadonlyMap<string, PendingMaterial>, current: string): void => {
  const kind = kindOf(pending);
  for (const material of pending.values()) {
    if (materialKind(material) !== kind) throw refused('"keys" mixes secret keys and Ed25519 keys');
  }
  const writing = pending.get(current);
  if (typeof writing === 'object' && writing.kind === 'signing' && writing.privateKey === undefined) return;
};

const materialKind = (material: PendingMaterial): KeyMaterial['kind'] =>
  typeof material === 'function' ? 'secret' : material.kind;

const kindOf = (pending: ReadonlyMap<string, PendingMaterial>): KeyMaterial['kind'] => {
  for (const material of pending.values()) return materialKind(material);
  return 'secret';
};

/** The set at once, if none of its keys has to be derived. */
const readyKeys = (current: string, pending: ReadonlyMap<string, PendingMaterial>): KeySet | undefined => {
  const keys = new Map<string, NamedKey>();
  for (const [id, material] of pending) {
    if (typeof material === 'function') return undefined;
    keys.set(id, Object.freeze({ id, material: Object.freeze(material) }));
  }
  return { current, keys };
};

/** One after the other: each derivation takes 128 MiB while it runs. */
const loadKeys = async (current: string, pending: ReadonlyMap<string, PendingMaterial>): Promise<KeySet> => {
  const keys = new Map<string, NamedKey>();
  for (const [id, material] of pending) {
    const ready = typeof material === 'function' ? await material() : material;
    keys.set(id, Object.freeze({ id, material: Object.freeze(ready) }));
  }
  return { current, keys };
};

const refused = (what: string): RpcError =>
  new RpcError(RpcStatus.INVALID_ARGUMENT, `keyring(): ${what}.`);
