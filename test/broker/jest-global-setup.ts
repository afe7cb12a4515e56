import Module from 'node:module';

type Resolve = (request: string, ...rest: unknown[]) => string;
const loader = Module as unknown as { _resolveFilename: Resolve };

/** Where the teardown finds what to do: the two files are loaded apart and have only the process in common. */
const TEARDOWN = Symbol.for('nestjs-kafka-rpc.kafka-teardown');

/** Starts the broker that every suite of this Jest run shares, through `KAFKA_BROKERS` and `KAFKA_KIND`. */
export default async function setUpKafka(): Promise<void> {
  const takeBack = await withTypeScriptImports(async () => {
    const { startKafka } = await import('./kafka.js');
    const { shareKafka } = await import('./shared-kafka.js');
    return shareKafka(await startKafka());
  });
  Object.assign(globalThis, { [TEARDOWN]: takeBack });
}

/** Jest compiles a global setup but does not map its imports, so "./kafka.js" has to be led to kafka.ts here. */
async function withTypeScriptImports<T>(work: () => Promise<T>): Promise<T> {
  const resolve = loader._resolveFilename;
  loader._resolveFilename = (request, ...rest) => {
    try {
      return resolve(request, ...rest);
    } catch (error) {
      if (!/^\.{1,2}\/.*\.js$/.test(request)) throw error;
      return resolve(request.replace(/\.js$/, '.ts'), ...rest);
    }
  };
  return work().finally(() => (loader._resolveFilename = resolve));
}
