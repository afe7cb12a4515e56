const TEARDOWN = Symbol.for('nestjs-kafka-rpc.kafka-teardown');

/** A process that has nothing left to do is gone by then. */
const GONE_WITHIN_MS = 20_000;

interface Handle {
  readonly constructor: { readonly name: string };
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly spawnargs?: readonly string[];
}

/** Stops the broker that the setup started; one that was given goes on running. */
export default async function tearDownKafka(): Promise<void> {
  const common = globalThis as { [TEARDOWN]?: () => Promise<void> };
  await common[TEARDOWN]?.();
  common[TEARDOWN] = undefined;
  setTimeout(tellWhatIsOpen, GONE_WITHIN_MS).unref();
}

/** A suite that leaves a socket, a timer or a child open keeps the process for ever, and nothing else says which. */
function tellWhatIsOpen(): void {
  const handles = (process as unknown as { _getActiveHandles(): Handle[] })._getActiveHandles();
  const open = handles.map(({ constructor, remoteAddress, remotePort, spawnargs }) =>
    [constructor.name, remoteAddress, remotePort, spawnargs?.join(' ')].filter(Boolean).join(' '),
  );
  const resources = process.getActiveResourcesInfo();
  process.stderr.write(
    `All suites have ended. The process is kept by ${resources.join(', ')}: ${open.join('; ')}\n`,
  );
}
