import buffer from 'node:buffer';
import { inspect } from 'node:util';

/**
 * All of a value as text: types, order, `-0`, `undefined`, invalid Dates, every byte.
 * Node's and Jest's comparisons hold two invalid Dates for different, and Jest's stumbles over a key `constructor`.
 */
export function textOf(value: unknown): string {
  buffer.INSPECT_MAX_BYTES = Infinity;
  return inspect(value, {
    depth: Infinity,
    maxArrayLength: Infinity,
    maxStringLength: Infinity,
    breakLength: Infinity,
    compact: true,
  });
}
