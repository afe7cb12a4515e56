import type * as codec from '../../../../lib/wire/interceptors/zstd-codec.js';

/** The codec in a Node without zstd of its own, where the package is loaded by `load`. */
const codecWith = (load: () => unknown): typeof codec => {
  jest.resetModules();
  jest.doMock('node:zlib', () => ({}));
  jest.doMock('@bokuweb/zstd-wasm', load, { virtual: true });
  return jest.requireActual('../../../../lib/wire/interceptors/zstd-codec.js');
};

const missing = (): never => {
  throw new Error("Cannot find module '@bokuweb/zstd-wasm'\nRequire stack:\n- /app/main.js");
};

const refused = {
  init: () => Promise.reject(new Error('Wasm code generation disallowed by embedder.')),
};

describe('zstd in a Node that has none', () => {
  afterEach(() => {
    jest.dontMock('node:zlib');
    jest.dontMock('@bokuweb/zstd-wasm');
  });

  it.each([
    ['is missing', missing, "Cannot find module '@bokuweb/zstd-wasm'"],
    ['does not start', () => refused, 'Wasm code generation disallowed by embedder'],
  ])('says why and what to do when its package %s', async (_what, load, reason) => {
    const { loadZstdCodec } = codecWith(load);
    await expect(loadZstdCodec(-1)).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
      message:
        `compression() by zstd needs Node 22.15 or the package @bokuweb/zstd-wasm, which cannot be loaded: ${reason}. ` +
        'Install it, or use gzip or brotli.',
      cause: expect.objectContaining({ message: expect.stringContaining(reason) as unknown }) as unknown,
    });
  });

  it('is tried again when it could not be loaded', async () => {
    let isInstalled = false;
    const works = { init: () => (isInstalled ? Promise.resolve() : Promise.reject(new Error('not yet'))) };
    const { loadZstdCodec } = codecWith(() => works);
    await expect(loadZstdCodec(-1)).rejects.toThrow('not yet');
    isInstalled = true;
    await expect(loadZstdCodec(-1)).resolves.toBeDefined();
  });
});
