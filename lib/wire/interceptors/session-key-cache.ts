import type { KeyObject } from 'node:crypto';
import type { SessionKey } from './session-key.js';

/**
 * The keys of other processes, the last used at most. Holds only keys that a record was authentic with: who has no key
 * cannot push others out, nor make it grow.
 */
export class SessionKeyCache {
  private readonly sessions = new Map<string, SessionKey>();

  constructor(private readonly max: number) {}

  get size(): number {
    return this.sessions.size;
  }

  /** Only if it was derived from this very master key: a rotation may have put another under the same id. */
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
