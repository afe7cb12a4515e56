import { RpcError } from '../../errors/rpc-error.js';
import { RpcStatus } from '../../errors/status.js';

/** How a scan treats an extension type. */
export const ExtensionKind = {
  unknown: 0,
  /** Its decoder copies what it keeps. */
  copied: 1,
  /** Its decoder may keep the bytes that it is given. */
  kept: 2,
  /** One more MessagePack value stands inside. */
  nested: 3,
} as const;

export interface ScanLimits {
  readonly maxDepth: number;
  readonly maxElements: number;
  /** The ExtensionKind of each extension type, by the type's byte: 256 of them. */
  readonly extensionKinds: Uint8Array;
}

/** How a head byte from 0xc0 to 0xdf goes on: this many bytes of length, or that many of content. */
const LENGTH_BYTES = new Uint8Array(0x20);
const CONTENT_BYTES = new Uint8Array(0x20);
const SHAPES = new Uint8Array(0x20);

const Shape = { invalid: 0, plain: 1, binary: 2, extension: 3, array: 4, map: 5 } as const;

function define(head: number, shape: number, { length = 0, content = 0 } = {}): void {
  SHAPES[head - 0xc0] = shape;
  LENGTH_BYTES[head - 0xc0] = length;
  CONTENT_BYTES[head - 0xc0] = content;
}

for (const head of [0xc0, 0xc2, 0xc3]) define(head, Shape.plain);
[4, 8, 1, 2, 4, 8, 1, 2, 4, 8].forEach((content, index) => define(0xca + index, Shape.plain, { content }));
[1, 2, 4].forEach((length, index) => {
  define(0xc4 + index, Shape.binary, { length });
  define(0xc7 + index, Shape.extension, { length });
  define(0xd9 + index, Shape.plain, { length });
});
[1, 2, 4, 8, 16].forEach((content, index) => define(0xd4 + index, Shape.extension, { content }));
[2, 4].forEach((length, index) => {
  define(0xdc + index, Shape.array, { length });
  define(0xde + index, Shape.map, { length });
});

/**
 * Checks the structure of untrusted MessagePack bytes, before a decoder allocates memory for declared lengths.
 *
 * It limits depth and number of elements, compares every declared length with the available bytes, and refuses unknown extension
 * types and bytes after the end. Cost: linear time, constant memory. It skips content with a length.
 *
 * @returns whether the decoded value keeps the bytes (Buffers, custom extensions).
 * @throws RpcError `INVALID_ARGUMENT`
 */
export function scan(bytes: Uint8Array, limits: ScanLimits): boolean {
  const scanner = new Scanner(bytes, limits);
  scanner.scanValue(0);
  if (scanner.position !== bytes.length) scanner.refuse('bytes after the end of the value');
  return scanner.keepsBytes;
}

class Scanner {
  position = 0;
  keepsBytes = false;
  private end: number;
  private elements = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly limits: ScanLimits,
  ) {
    this.end = bytes.length;
  }

  /** Recursion is bounded by `maxDepth`. */
  scanValue(depth: number): void {
    if (this.position >= this.end) this.refuse('it ends too early');
    const head = this.bytes[this.position++] as number;
    if (head < 0x80 || head >= 0xe0) return;
    if (head < 0x90) this.scanItems((head & 0x0f) * 2, depth);
    else if (head < 0xa0) this.scanItems(head & 0x0f, depth);
    else if (head < 0xc0) this.skip(head & 0x1f);
    else this.scanLong(head - 0xc0, depth);
  }

  refuse(what: string): never {
    throw new RpcError(
      RpcStatus.INVALID_ARGUMENT,
      `Not a msgpack value: ${what} (at byte ${this.position}).`,
    );
  }

  private scanLong(index: number, depth: number): void {
    const lengthBytes = LENGTH_BYTES[index] as number;
    const size = lengthBytes === 0 ? (CONTENT_BYTES[index] as number) : this.readLength(lengthBytes);
    switch (SHAPES[index]) {
      case Shape.plain:
        return this.skip(size);
      case Shape.binary:
        this.keepsBytes = true;
        return this.skip(size);
      case Shape.extension:
        return this.scanExtension(size, depth);
      case Shape.array:
        return this.scanItems(size, depth);
      case Shape.map:
        return this.scanItems(size * 2, depth);
      default:
        this.refuse('an unknown type byte');
    }
  }

  private readLength(lengthBytes: number): number {
    const start = this.position;
    this.skip(lengthBytes);
    let length = 0;
    for (let at = start; at < this.position; at++) length = length * 0x100 + (this.bytes[at] as number);
    return length;
  }

  private skip(size: number): void {
    if (size > this.end - this.position) this.refuse('a length goes beyond the end');
    this.position += size;
  }

  private scanItems(count: number, depth: number): void {
    const { maxDepth, maxElements } = this.limits;
    if (depth >= maxDepth) this.refuse(`nested deeper than ${maxDepth} levels (maxDepth)`);
    // An element is a byte at least, so more of them than bytes is a lie.
    if (count > this.end - this.position) this.refuse('a length goes beyond the end');
    this.elements += count;
    if (this.elements > maxElements) this.refuse(`more than ${maxElements} elements (maxElements)`);
    for (let item = 0; item < count; item++) this.scanValue(depth + 1);
  }

  private scanExtension(size: number, depth: number): void {
    this.skip(1);
    const type = this.bytes[this.position - 1] as number;
    const start = this.position;
    this.skip(size);
    const kind = this.limits.extensionKinds[type];
    if (kind === ExtensionKind.unknown) this.refuse(`unknown extension type ${type}`);
    if (kind === ExtensionKind.kept) this.keepsBytes = true;
    if (kind === ExtensionKind.nested) this.scanNested(start, depth);
  }

  private scanNested(start: number, depth: number): void {
    const { end, position } = this;
    this.position = start;
    this.end = position;
    this.scanValue(depth);
    if (this.position !== position) this.refuse('bytes after the end of a nested value');
    this.end = end;
  }
}
