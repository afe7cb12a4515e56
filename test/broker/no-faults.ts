import type { KafkaKind, NodeFaults } from './running-kafka.js';

/** The faults of a broker whose processes are not ours: each says how to get one that has them. */
export function noFaults(kind: KafkaKind): NodeFaults {
  const refuse = (what: string): never => {
    throw new Error(
      `Cannot ${what} a node of the ${kind} broker: its process is not ours. Ask for startKafka({ killable: true }).`,
    );
  };
  return {
    kill: async () => refuse('kill'),
    stopNode: async () => refuse('stop'),
    startNode: async () => refuse('start'),
    pause: () => refuse('pause'),
    resume: () => refuse('resume'),
    pid: () => refuse('find the process of'),
  };
}
