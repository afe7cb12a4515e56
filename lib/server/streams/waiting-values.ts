/** What waits of all streams of a server for callers that are slower: bounded in bytes. */
export class WaitingValues {
  bytes = 0;

  constructor(readonly maxBytes: number) {}

  /** @returns false when there is no room */
  take(bytes: number): boolean {
    if (this.bytes + bytes > this.maxBytes) return false;
    this.bytes += bytes;
    return true;
  }

  free(bytes: number): void {
    this.bytes -= bytes;
  }
}
