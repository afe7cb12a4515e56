import { setTimeout as sleep } from 'node:timers/promises';

const WITHIN_MS = 20_000;

/** Ends what was started, last first, whatever happened: a part that fails or hangs does not keep the others. */
export class Teardown {
  private readonly parts: { readonly name: string; readonly end: () => Promise<void> }[] = [];

  constructor(private readonly progress: (line: string) => void) {}

  add(name: string, end: () => Promise<void>): void {
    this.parts.push({ name, end });
  }

  async run(): Promise<void> {
    for (let part = this.parts.pop(); part !== undefined; part = this.parts.pop()) {
      const late = new AbortController();
      const hung = sleep(WITHIN_MS, undefined, { signal: late.signal }).then(
        () => Promise.reject(new Error(`no end within ${WITHIN_MS} ms`)),
        () => undefined,
      );
      try {
        await Promise.race([part.end(), hung]);
      } catch (error) {
        this.progress(
          `Could not end ${part.name}: ${error instanceof Error ? error.message : String(error)}`,
        );
      } finally {
        late.abort();
      }
    }
  }
}
