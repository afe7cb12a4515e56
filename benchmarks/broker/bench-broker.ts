import { randomBytes } from 'node:crypto';
import { removeRun } from '../peers/kafka-topics.js';
import type { PeerBroker } from '../peers/peer.js';
import type { Teardown } from '../process/teardown.js';
import { startKafka } from '../../test/broker/kafka.js';
import type { Kafka, ProxyRoute } from '../../test/broker/running-kafka.js';

const PARTITIONS = 8;

/** A broker as one runs in earnest: all compilers, room for the page cache's bookkeeping; still one node. */
const JAVA_OPTIONS = ['-Xms1g', '-Xmx1g'];

/** The broker of one run: names of its own, so that a broker that somebody else runs is left as it was. */
export interface BenchBroker extends PeerBroker {
  readonly kind: Kafka['kind'];
  readonly version: string;
  readonly javaOptions: readonly string[];
  /** The JVM's process id; undefined when the broker is not ours or does not run on this machine. */
  readonly pid: number | undefined;
  /** Where a proxy has to listen, and where it leads; none unless the broker is behind one. */
  readonly routes: readonly ProxyRoute[];
}

export async function startBroker(
  teardown: Teardown,
  progress: (line: string) => void,
  { proxied = false } = {},
): Promise<BenchBroker> {
  const kafka = await startKafka({ javaOptions: JAVA_OPTIONS, log: progress, proxied });
  teardown.add('the broker', () => kafka.stop());
  const prefix = `bench-${randomBytes(4).toString('hex')}.`;
  const isOwn = kafka.kind === 'jars';
  const broker = {
    brokers: kafka.brokers,
    prefix,
    partitions: PARTITIONS,
    kind: kafka.kind,
    version: kafka.version,
    javaOptions: isOwn ? JAVA_OPTIONS : [],
    pid: isOwn ? kafka.pid(1) : undefined,
    routes: kafka.routes,
  };
  if (kafka.kind === 'external') teardown.add('the topics of this run', () => removeRun(broker));
  return broker;
}
