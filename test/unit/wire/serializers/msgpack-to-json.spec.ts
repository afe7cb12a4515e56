import { msgpack, type MsgpackExtension, type RpcError } from 'nestjs-kafka-rpc';

const serializer = msgpack();
const roundTrip = (value: unknown): unknown => serializer.deserialize(serializer.serialize(value));

/** Its state is where no other code sees it. */
class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toJSON(): string {
    return this.#text;
  }
}

/** As decimal.js has it: its tag is its own, its digits are an array. */
class Decimal {
  readonly [Symbol.toStringTag] = 'Decimal';

  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

/** As bson has it. */
class ObjectId {
  private readonly buffer: Buffer;

  constructor(hex: string) {
    this.buffer = Buffer.from(hex, 'hex');
  }

  toString(): string {
    return this.buffer.toString('hex');
  }

  toJSON(): string {
    return this.toString();
  }
}

/** As mongoose has it: what is sent is not what stands in the object. */
class MongooseDocument {
  readonly $__ = { activePaths: {}, isNew: false };
  readonly $isNew = false;

  constructor(readonly _doc: { _id: ObjectId; name: string; password: string }) {}

  toJSON(): unknown {
    const { password: _hidden, ...shown } = this._doc;
    return _hidden === '' ? {} : shown;
  }
}

const ID = '65a1b2c3d4e5f60718293a4b';

describe('msgpack() and toJSON', () => {
  it('sends a document of a database as it shows itself, hidden fields left out, ids whole', () => {
    const document = new MongooseDocument({ _id: new ObjectId(ID), name: 'Ann', password: 'secret' });
    expect(roundTrip({ document, all: [document] })).toEqual({
      document: { _id: ID, name: 'Ann' },
      all: [{ _id: ID, name: 'Ann' }],
    });
  });

  it.each<[string, unknown, unknown]>([
    ['a class with private fields', new Secret('shown'), 'shown'],
    ['a class with a tag of its own', new Decimal('0.1'), '0.1'],
    ['a class of the platform', new URL('http://localhost/a'), 'http://localhost/a'],
    ['a plain object', { hidden: 1, toJSON: () => ({ shown: 2 }) }, { shown: 2 }],
    ['an object without a prototype', Object.assign(Object.create(null), { toJSON: () => 7 }), 7],
    ['an array', Object.assign([1, 2], { toJSON: () => 'two' }), 'two'],
    ['one that gives undefined', { toJSON: () => undefined }, undefined],
    ['one that gives null', { toJSON: () => null }, null],
    ['one that gives what has a type here', { toJSON: () => new Date(5) }, new Date(5)],
    [
      'one that gives a Map with such in it',
      { toJSON: () => new Map([['k', new Secret('v')]]) },
      new Map([['k', 'v']]),
    ],
    ['a toJSON that is no function', { toJSON: 'data' }, { toJSON: 'data' }],
  ])('%s goes as what it gives', (_what, value, expected) => {
    expect(roundTrip(value)).toStrictEqual(expected);
    expect(roundTrip({ at: [value] })).toStrictEqual({ at: [expected] });
  });

  it.each<[string, () => object]>([
    ['a Date', () => new Date(5)],
    ['a Buffer', () => Buffer.from('abc')],
    ['a typed array', () => Float64Array.of(1.5)],
    ['a Map', () => new Map([[1, 2]])],
    ['a Set', () => new Set([1])],
  ])('%s keeps its type, whatever its toJSON says', (_what, make) => {
    const value = Object.assign(make(), { toJSON: () => 'no' });
    expect(roundTrip([value])).toStrictEqual([make()]);
  });

  it('calls it once: what it gives may be the object itself, or one of its class', () => {
    let calls = 0;
    class Self {
      readonly a = 1;
      toJSON(): this {
        calls += 1;
        return this;
      }
    }
    expect(roundTrip(new Self())).toEqual({ a: 1 });
    expect(calls).toBe(1);
  });

  it('sends the other fields of a plain object that gives itself', () => {
    const self = {
      a: 1,
      toJSON(): unknown {
        return this;
      },
      b: [2],
    };
    expect(roundTrip({ self })).toStrictEqual({ self: { a: 1, b: [2] } });
  });

  it('gives it the key, as JSON does', () => {
    const keys: unknown[] = [];
    const value = { toJSON: (key: unknown) => void keys.push(key) };
    roundTrip(value);
    roundTrip({ field: value, list: [0, value] });
    expect(keys).toEqual(['', 'field', '1']);
  });

  it('asks an extension first', () => {
    const decimals: MsgpackExtension = {
      type: 2,
      encode: (value) => (value instanceof Decimal ? Buffer.from(value.toString()) : undefined),
      decode: (bytes) => new Decimal(bytes.toString()),
    };
    const withDecimals = msgpack({ extensions: [decimals] });
    const back = withDecimals.deserialize(withDecimals.serialize([new Decimal('0.1'), new Secret('s')]));
    expect(back).toEqual([new Decimal('0.1'), 's']);
    expect((back as unknown[])[0]).toBeInstanceOf(Decimal);
  });

  it('is not led into endless depth', () => {
    const endless = (): object => ({ toJSON: () => ({ next: endless() }) });
    expect(() => serializer.serialize(endless())).toThrow('nested deeper than 32 levels');
  });

  it.each<[string, () => unknown]>([
    ['an Error', () => new Error('no such order')],
    ['a BigInt', () => 7n],
    ['what cannot be shown', () => Object.create(null)],
  ])('fails with INVALID_ARGUMENT and the path when it throws %s', (_what, thrown) => {
    const value = {
      toJSON: () => {
        throw thrown();
      },
    };
    const failure = (): RpcError => {
      try {
        serializer.serialize({ user: [value] });
      } catch (error) {
        return error as RpcError;
      }
      throw new Error('It was taken.');
    };
    expect(failure()).toMatchObject({ status: 'INVALID_ARGUMENT' });
    expect(failure().message).toContain('value.user[0]');
  });

  it('refuses an extension that gives no bytes', () => {
    const wrong = msgpack({ extensions: [{ type: 1, encode: () => 'text' as never, decode: () => 1 }] });
    expect(() => wrong.serialize({ at: new Secret('s') })).toThrow('value.at: extension 1 gave string');
  });
});
