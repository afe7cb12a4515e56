/** A way to make bytes smaller, whose way back cannot be made to use more memory than it is allowed. */
export interface BoundedCodec {
  compress(bytes: Buffer): Buffer;
  /**
   * @param maxBytes holds while inflating, not after
   * @throws RpcError `RESOURCE_EXHAUSTED` for more than `maxBytes`, `INVALID_ARGUMENT` for anything but one whole stream
   *   with nothing behind it.
   */
  inflate(bytes: Buffer, maxBytes: number): Buffer;
}
