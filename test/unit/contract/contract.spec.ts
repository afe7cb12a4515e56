import { asyncApi, contract } from 'nestjs-kafka-rpc';
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import asyncApiSpecs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import * as v from 'valibot';
import { z } from 'zod';
import { math } from '../../support/math-contract.js';

describe('contract()', () => {
  it('gives what it was given, frozen', () => {
    const methods = { add: { pattern: 'sum.add', output: z.number() } } as const;
    const made = contract(methods);
    expect(made).toEqual(methods);
    expect(Object.isFrozen(made) && Object.isFrozen(made.add)).toBe(true);
  });

  it.each([
    ['a pattern that is no text', { add: { pattern: 1 } }, /contract add pattern/],
    [
      'an unknown kind',
      { add: { pattern: 'a', kind: 'query' } },
      /contract add kind.*'call', 'stream' or 'event'/,
    ],
    ['an unknown member', { add: { pattern: 'a', ouput: z.number() } }, /has no option "ouput"/],
    ['a schema that is none', { add: { pattern: 'a', input: {} } }, /contract add input.*Standard Schema/],
    [
      'an answer of an event',
      { add: { pattern: 'a', kind: 'event', output: z.number() } },
      /an event has no answer/,
    ],
    ['no object', 'sum', /contract/],
    ['a schema of null', { add: { pattern: 'a', input: { '~standard': null } } }, /contract add input/],
    ['a name that a promise has', { then: { pattern: 'a' } }, /contract then.*another name/],
    ['a name that Nest calls', { onModuleInit: { pattern: 'a' } }, /another name/],
    ['a name that every object has', { toString: { pattern: 'a' } }, /another name/],
    [
      'a schema that cannot be asked',
      { add: { pattern: 'a', input: Proxy.revocable({}, {}) } },
      /contract add input/,
    ],
  ])('refuses %s', (_what, methods, message) => {
    expect(() => contract(methods as never)).toThrow(message);
  });
});

describe('asyncApi()', () => {
  const document = asyncApi({
    title: 'Math',
    version: '1.0.0',
    services: [{ service: 'math', contract: math }],
  });

  it('is an AsyncAPI document', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });
    const validate = ajv.compile(asyncApiSpecs.schemasWithoutId['3.0.0'] as object);
    expect(validate(document) ? [] : validate.errors).toEqual([]);
    // What cannot fail says nothing.
    expect(validate({ ...document, operations: { add: { action: 'answer' } } })).toBe(false);
  });

  it('has a channel for each topic, and an operation with its reply for each handler', () => {
    expect(document).toMatchObject({
      asyncapi: '3.0.0',
      info: { title: 'Math', version: '1.0.0' },
      channels: {
        'math-requests': { address: 'rpc.math.requests' },
        replies: { address: 'rpc.replies' },
      },
      operations: {
        'math.add': {
          action: 'receive',
          title: 'math.add',
          description: 'Adds two numbers',
          channel: { $ref: '#/channels/math-requests' },
          messages: [{ $ref: '#/channels/math-requests/messages/math.add' }],
          reply: { messages: [{ $ref: '#/channels/replies/messages/math.add.reply' }] },
        },
      },
    });
    expect((document.operations as Record<string, object>)['math.added']).not.toHaveProperty('reply');
  });

  it('has the schemas as JSON Schema', () => {
    expect(document).toMatchObject({
      channels: {
        'math-requests': {
          messages: {
            'math.add': {
              payload: { type: 'object', required: ['a', 'b'], properties: { a: { type: 'number' } } },
            },
          },
        },
        replies: { messages: { 'math.add.reply': { payload: { required: ['sum'] } } } },
      },
    });
  });

  it('takes schemas that say it in another way, or not at all', () => {
    const input = v.object({ a: v.number() });
    const own = contract({ add: { pattern: 'add', input } });
    const payloadWith = (toJsonSchema?: () => Record<string, unknown>): unknown => {
      const { channels } = asyncApi({
        title: 'Own',
        version: '1',
        services: [{ service: 'own', contract: own }],
        topics: { prefix: 'staging.' },
        ...(toJsonSchema !== undefined && { toJsonSchema }),
      }) as { channels: Record<string, { address: string; messages: Record<string, { payload: unknown }> }> };
      expect(channels['own-requests']?.address).toBe('staging.rpc.own.requests');
      return channels['own-requests']?.messages['own.add']?.payload;
    };
    expect(payloadWith()).toEqual({});
    const said = toStandardJsonSchema(input)['~standard'].jsonSchema.input({ target: 'draft-07' });
    expect(payloadWith(() => said)).toMatchObject({ required: ['a'] });
  });

  it.each([
    ['no title', { version: '1', services: [] }, /title/],
    [
      'what is no contract',
      { title: 'a', version: '1', services: [{ service: 'a', contract: {} }] },
      /made by contract/,
    ],
    ['an unknown option', { title: 'a', version: '1', services: [], server: 1 }, /has no option "server"/],
  ])('refuses %s', (_what, options, message) => {
    expect(() => asyncApi(options as never)).toThrow(message);
  });
});
