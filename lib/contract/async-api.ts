import {
  checkArray,
  checkFunction,
  checkNames,
  checkString,
  invalidOption,
} from '../errors/option-checks.js';
import { resolveTopicNames, type TopicNames, type TopicOptions } from '../protocol/topics.js';
import { isContract, type Contract, type ContractMethod } from './contract.js';
import type { StandardSchema } from './standard-schema.js';

/** A service and its contract. */
export interface AsyncApiService {
  readonly service: string;
  readonly contract: Contract;
}

/** Options of `asyncApi()`. */
export interface AsyncApiOptions {
  readonly title: string;
  /** Of the API, such as `1.2.0`. */
  readonly version: string;
  readonly services: readonly AsyncApiService[];
  /** As clients and servers have it. @default their defaults */
  readonly topics?: TopicOptions;
  /** Of the payloads, as a MIME type. @default 'application/msgpack' */
  readonly contentType?: string;
  /** A schema as JSON Schema, draft 7. @default what the schema says of itself, as those of zod and arktype do; else `{}`: anything */
  readonly toJsonSchema?: (schema: StandardSchema) => Record<string, unknown>;
}

const NAMES = ['title', 'version', 'services', 'topics', 'contentType', 'toJsonSchema'];

/**
 * The contracts of services as an AsyncAPI document, version 3.0.0 (https://www.asyncapi.com/docs/reference/specification/v3.0.0): an
 * object to be written as JSON. A topic is a channel, a handler an operation, with its reply.
 * @throws RpcError `INVALID_ARGUMENT` for an option that cannot be used
 */
export const asyncApi = (options: AsyncApiOptions): Record<string, unknown> => {
  checkNames('asyncApi()', options, NAMES);
  const { title, version, contentType = 'application/msgpack', toJsonSchema = ownJsonSchema } = options;
  checkFunction('toJsonSchema', toJsonSchema, '(schema) => object');
  const services = checkArray('services', options.services).map(checkService);
  const document = new Document(resolveTopicNames(options.topics), toJsonSchema);
  for (const each of services) document.add(each);
  return {
    asyncapi: '3.0.0',
    info: { title: checkString('title', title), version: checkString('version', version) },
    defaultContentType: checkString('contentType', contentType),
    channels: document.channels,
    operations: document.operations,
  };
};

type Channel = { readonly address: string; readonly messages: Record<string, object> };

class Document {
  readonly channels: Record<string, Channel> = {};
  readonly operations: Record<string, object> = {};

  constructor(
    private readonly topics: TopicNames,
    private readonly toJsonSchema: NonNullable<AsyncApiOptions['toJsonSchema']>,
  ) {}

  add({ service, contract }: AsyncApiService): void {
    for (const [name, method] of Object.entries(contract))
      this.addMethod(service, `${service}.${name}`, method);
  }

  private addMethod(service: string, id: string, method: ContractMethod): void {
    const { kind = 'call', pattern, description, input } = method;
    const channel = this.channel(`${service}-requests`, this.topics.requests(service));
    this.operations[key(id)] = {
      action: 'receive',
      title: pattern,
      ...(description !== undefined && { description }),
      channel: { $ref: channel.$ref },
      messages: [this.message(channel, id, pattern, input)],
      ...(kind !== 'event' && { reply: this.reply(id, method) }),
    };
  }

  private reply(id: string, { pattern, output }: ContractMethod): object {
    const channel = this.channel('replies', this.topics.replies);
    return {
      channel: { $ref: channel.$ref },
      messages: [this.message(channel, `${id}.reply`, pattern, output)],
    };
  }

  private channel(name: string, address: string): PlacedChannel {
    const { messages } = (this.channels[key(name)] ??= { address, messages: {} });
    return { $ref: `#/channels/${key(name)}`, messages };
  }

  private message(channel: PlacedChannel, id: string, pattern: string, schema?: StandardSchema): Reference {
    channel.messages[key(id)] = {
      name: pattern,
      payload: schema === undefined ? {} : this.toJsonSchema(schema),
    };
    return { $ref: `${channel.$ref}/messages/${key(id)}` };
  }
}

/** A channel, and where it stands in the document. */
interface PlacedChannel extends Reference {
  readonly messages: Channel['messages'];
}

interface Reference {
  readonly $ref: string;
}

/** Keys of AsyncAPI have these alone. */
const key = (name: string): string => name.replace(/[^A-Za-z0-9._-]/g, '_');

/** https://standardschema.dev/json-schema: what a schema says of itself. */
const ownJsonSchema = (schema: StandardSchema): Record<string, unknown> =>
  schema['~standard'].jsonSchema?.input({ target: 'draft-07' }) ?? {};

const checkService = (given: unknown): AsyncApiService => {
  checkNames('A service', given as object, ['service', 'contract']);
  const { service, contract } = given as AsyncApiService;
  checkString('service', service);
  if (!isContract(contract)) throw invalidOption('contract', contract, 'made by contract()');
  return { service, contract };
};
