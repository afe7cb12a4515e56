import { LiveCluster } from '../support/live-cluster.js';
import { describeRetriedCalls } from '../support/retried-calls.js';

jest.setTimeout(120_000);

describe('calls of a client that retries, over Kafka', () => {
  describeRetriedCalls(() => LiveCluster.start());
});
