import { memoryDriver } from '../../lib/driver/memory/memory-driver.js';
import { describeDriver } from './driver-conformance.js';

const driver = memoryDriver();

describeDriver('memory', {
  start: async () => undefined,
  stop: async () => undefined,
  driver: () => driver,
  address: () => 'memory',
  stopBroker: async () => driver.stopBroker(),
  startBroker: async () => driver.startBroker(),
  addPartitions: async (topic, count) => driver.addPartitions(topic, count),
  deleteTopic: async (topic) => driver.deleteTopic(topic),
  timing: { deadlineMs: 5_000, quietMs: 20, promptMs: 500, sessionTimeoutMs: 100 },
});
