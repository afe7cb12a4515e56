import { describeBatchedCalls } from '../support/batched-calls.js';
import { LiveCluster } from '../support/live-cluster.js';

jest.setTimeout(120_000);

describe('calls of a handler that gets batches, over Kafka', () => {
  describeBatchedCalls(() => LiveCluster.start());
});
