import type { ContractMethod } from '../contract/contract.js';
import { checkSchema } from '../contract/contract.js';
import { invalidOption } from '../errors/option-checks.js';

/** A handler as a contract has it; patterns of a controller may be objects. */
export type HandlerFacts = Omit<ContractMethod, 'pattern'> & { readonly pattern: unknown };

/** What Nest's decorators leave on the methods of a controller. */
const PATTERN = 'microservices:pattern';
const HANDLER_TYPE = 'microservices:handler_type';
const EXTRAS = 'microservices:pattern_extras';
const EVENT = 2;

/**
 * The handlers of a controller's class and of those that it extends, by the names of their methods.
 * @throws RpcError `INVALID_ARGUMENT` for a class without any
 */
export const handlersOf = (controller: ControllerClass): readonly (readonly [string, HandlerFacts])[] => {
  const handlers = new Map<string, HandlerFacts>();
  for (const prototype of prototypesOf(controller))
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const facts = handlerFacts(Object.getOwnPropertyDescriptor(prototype, name)?.value);
      if (facts !== undefined && !handlers.has(name)) handlers.set(name, facts);
    }
  if (handlers.size > 0) return [...handlers];
  const wants = 'a contract, or a class with @MessagePattern or @EventPattern methods';
  throw invalidOption('service', controller, wants);
};

export interface ControllerClass {
  readonly prototype: unknown;
}

function* prototypesOf({ prototype }: ControllerClass): Iterable<object> {
  let each: unknown = prototype;
  while (typeof each === 'object' && each !== null && each !== Object.prototype) {
    yield each;
    each = Object.getPrototypeOf(each);
  }
}

const handlerFacts = (method: unknown): HandlerFacts | undefined => {
  if (typeof method !== 'function') return undefined;
  const patterns = Reflect.getMetadata(PATTERN, method) as readonly unknown[] | undefined;
  if (patterns === undefined || patterns.length === 0) return undefined;
  const isEvent = Reflect.getMetadata(HANDLER_TYPE, method) === EVENT;
  const { schema = {} } = (Reflect.getMetadata(EXTRAS, method) ?? {}) as { readonly schema?: object };
  const { input, output } = schema as Readonly<Record<string, unknown>>;
  return {
    pattern: patterns[0],
    input: checkSchema('schema.input', input),
    output: isEvent ? undefined : checkSchema('schema.output', output),
    ...(isEvent && { kind: 'event' as const }),
  };
};
