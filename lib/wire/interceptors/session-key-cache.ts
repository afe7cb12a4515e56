import type { KeyObject } from 'node:crypto';
import type { SessionKey } from './session-key.js';

/**
 * The most recently used session keys of other processes. It holds only keys that verified a record. So a sender without a
 * key can neither evict others nor make the cache grow.
 */
export class SessionKeyCache {
  private readonly sessions = new Map<string, SessionKey>();

  constructor(private readonly max: number) {}

  get size(): number {
    return this.sessions.size;
  }

  /** Finds a session only if this master key derived it. A rotation may have put another key under the same id. */
  find(master: KeyObject, name: string): SessionKey | undefined {
    const session = this.sessions.get(name);
    if (session === undefined || session.master !== master) return undefined;
    if (this.sessions.size > 1) {
      this.sessions.delete(name);
      this.sessions.set(name, session);
    }
    return session;
  }

  keep(name: string, session: SessionKey): void {
    this.sessions.set(name, session);
    if (this.sessions.size <= this.max) return;
    const [oldest] = this.sessions.keys();
    if (oldest !== undefined) this.sessions.delete(oldest);
  }
}
