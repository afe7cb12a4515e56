/** What was started, to be stopped in the opposite order. */
export class Closers {
  private readonly closers: { readonly name: string | undefined; close(): void | Promise<void> }[] = [];
  private closing: Promise<string[]> | undefined;

  /** @param name of something that the demo's reader has met */
  add(close: () => void | Promise<void>, name?: string): void {
    this.closers.unshift({ name, close });
  }

  /** Idempotent. @returns the names of what was stopped */
  close(): Promise<string[]> {
    return (this.closing ??= this.closeAll());
  }

  private async closeAll(): Promise<string[]> {
    for (const { close } of this.closers) await close();
    return this.closers.flatMap(({ name }) => name ?? []);
  }
}
