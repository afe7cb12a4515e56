import type { UserCode } from './user-code.js';

/** The event listeners of one client or server. A listener that throws or rejects harms no other. */
export class Listeners<Events extends Record<keyof Events, (...args: never[]) => void>> {
  private readonly listeners = new Map<keyof Events, Events[keyof Events][]>();

  constructor(private readonly userCode: UserCode) {}

  on<E extends keyof Events>(event: E, listener: Events[E]): void {
    const known = this.listeners.get(event) ?? [];
    // A list of its own, so that one that listens while it is told of something is not told of that.
    this.listeners.set(event, [...known, listener]);
  }

  tell<E extends keyof Events>(event: E, ...args: Parameters<Events[E]>): void {
    for (const listener of this.listeners.get(event) ?? []) {
      this.userCode.run('listener', () =>
        (listener as (...given: Parameters<Events[E]>) => unknown)(...args),
      );
    }
  }
}
