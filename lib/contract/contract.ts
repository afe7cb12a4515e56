import { checkNames, checkObject, checkString, invalidOption, readOption } from '../errors/option-checks.js';
import type { StandardSchema } from './standard-schema.js';

/**
 * - `call`: a `@MessagePattern` that answers with one value.
 * - `stream`: one that answers with any number of them.
 * - `event`: an `@EventPattern`.
 */
export type ContractKind = 'call' | 'stream' | 'event';

/** The schemas of what goes in and comes out. */
export interface ContractSchemas {
  /** Of the data. @default none: anything */
  readonly input?: StandardSchema;
  /** Of each value of the answer. Not for events. @default none: anything */
  readonly output?: StandardSchema;
}

/** One handler, as both sides see it. */
export interface ContractMethod extends ContractSchemas {
  readonly pattern: string;
  /** @default 'call' */
  readonly kind?: ContractKind;
  /** For people: it goes into `asyncApi()`. @default none */
  readonly description?: string;
}

/** Handlers by the names under which callers call them. */
export type Contract = Readonly<Record<string, ContractMethod>>;

/** Told from a controller's class and from options by it. */
const BRAND = Symbol.for('nestjs-kafka-rpc.contract');

const NAMES = ['pattern', 'kind', 'input', 'output', 'description'];
const KINDS: readonly unknown[] = ['call', 'stream', 'event'];

/**
 * Says once, for both sides, what a service does: the patterns, the kinds, the schemas.
 *
 *     const sum = contract({ add: { pattern: 'sum.add', input: z.object({ a: z.number(), b: z.number() }), output: z.number() } });
 *
 * A handler takes its part with `@MessagePattern(sum.add.pattern, { schema: sum.add })`; a client all of it with `client.service(sum)`.
 * @throws RpcError `INVALID_ARGUMENT` naming the method and what is wrong with it.
 */
export const contract = <const Methods extends Contract>(methods: Methods): Readonly<Methods> => {
  checkObject('contract', methods);
  const entries = readOption('contract', () => Object.entries(methods));
  const checked = entries.map(([name, method]) => [name, checkMethod(name, method)]);
  const made = Object.fromEntries(checked) as Methods;
  Object.defineProperty(made, BRAND, { value: true });
  return Object.freeze(made);
};

export const isContract = (value: unknown): value is Contract => {
  try {
    return typeof value === 'object' && value !== null && BRAND in value;
  } catch {
    // A proxy that cannot be asked.
    return false;
  }
};

/**
 * What others call on any object that has it: `await`, `JSON.stringify()`, and Nest, as an app with such a provider starts and ends. On a
 * typed client each would be a call of the service.
 */
const CALLED_BY_OTHERS: ReadonlySet<string> = new Set([
  'then',
  'toJSON',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/** Whether a method of a typed client may have the name. */
export const isMethodName = (name: string): boolean =>
  !CALLED_BY_OTHERS.has(name) && !(name in Object.prototype);

/** @throws RpcError `INVALID_ARGUMENT` naming the option, what it got and what it wants. */
export const checkSchema = (name: string, value: unknown): StandardSchema | undefined => {
  if (value === undefined || isSchema(value)) return value;
  throw invalidOption(name, value, 'a Standard Schema, such as one of zod, valibot or arktype');
};

/** A schema of arktype is a function. */
const isSchema = (value: unknown): value is StandardSchema => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  try {
    const { '~standard': standard } = value as {
      readonly '~standard'?: Partial<StandardSchema['~standard']>;
    };
    return standard?.version === 1 && typeof standard.validate === 'function';
  } catch {
    return false;
  }
};

const checkMethod = (name: string, method: ContractMethod): ContractMethod => {
  const where = `contract ${name}`;
  if (!isMethodName(name))
    throw invalidOption(where, method, 'under another name, as promises, Nest or JavaScript call that one');
  checkNames(`The method "${name}" of a contract`, method, NAMES);
  checkString(`${where} pattern`, method.pattern);
  const { kind = 'call', description } = method;
  if (!KINDS.includes(kind)) throw invalidOption(`${where} kind`, kind, "'call', 'stream' or 'event'");
  if (description !== undefined) checkString(`${where} description`, description);
  checkSchema(`${where} input`, method.input);
  if (kind === 'event' && method.output !== undefined)
    throw invalidOption(`${where} output`, method.output, 'left out: an event has no answer');
  checkSchema(`${where} output`, method.output);
  return Object.freeze({ ...method });
};
