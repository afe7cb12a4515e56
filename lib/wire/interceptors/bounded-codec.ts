/** A compression algorithm that inflates within a memory limit. */
export interface BoundedCodec {
  compress(bytes: Buffer): Buffer;
  /**
   * @param maxBytes the limit during inflation
   * @throws RpcError `RESOURCE_EXHAUSTED` for more than `maxBytes`, `INVALID_ARGUMENT` for any input except one whole stream
   *   with no bytes behind it.
   */
  inflate(bytes: Buffer, maxBytes: number): Buffer;
}
