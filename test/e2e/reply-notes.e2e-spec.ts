import { LiveCluster } from '../support/live-cluster.js';
import { describeReplyNotes } from '../support/reply-notes.js';

jest.setTimeout(120_000);

describe('headers of answers, and progress, over Kafka', () => {
  describeReplyNotes(() => LiveCluster.start());
});
