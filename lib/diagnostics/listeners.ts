/** Who listens to the events of one client or server. A listener that throws, or rejects, harms nobody else. */
export class Listeners<Events extends Record<keyof Events, (...args: never[]) => void>> {
  private readonly listeners = new Map<keyof Events, Events[keyof Events][]>();

  constructor(private readonly onListenerError: (event: keyof Events, error: unknown) => void) {}

  on<E extends keyof Events>(event: E, listener: Events[E]): void {
    const known = this.listeners.get(event);
    if (known === undefined) this.listeners.set(event, [listener]);
    else known.push(listener);
  }

  tell<E extends keyof Events>(event: E, ...args: Parameters<Events[E]>): void {
    for (const listener of this.listeners.get(event) ?? []) {
      try {
        const result = (listener as (...given: Parameters<Events[E]>) => unknown)(...args);
        Promise.resolve(result).catch((error: unknown) => this.onListenerError(event, error));
      } catch (error) {
        this.onListenerError(event, error);
      }
    }
  }
}
