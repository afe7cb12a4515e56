const TEARDOWN = Symbol.for('nestjs-kafka-rpc.kafka-teardown');

/** Stops the broker that the setup started; one that was given goes on running. */
export default async function tearDownKafka(): Promise<void> {
  const common = globalThis as { [TEARDOWN]?: () => Promise<void> };
  await common[TEARDOWN]?.();
  common[TEARDOWN] = undefined;
}
