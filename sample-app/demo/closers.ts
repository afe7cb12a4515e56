/** What was started, to be stopped in the opposite order. */
export class Closers {
  private readonly closers: (() => void | Promise<void>)[] = [];
  private closing: Promise<void> | undefined;

  add(close: () => void | Promise<void>): void {
    this.closers.unshift(close);
  }

  /** Idempotent. One that fails does not keep the others from being stopped. @throws the first failure */
  close(): Promise<void> {
    return (this.closing ??= this.closeAll());
  }

  private async closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.closers.splice(0)) {
      await Promise.resolve()
        .then(close)
        .catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }
}
