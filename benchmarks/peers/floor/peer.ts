import { forkedPeer } from '../forked-peer.js';
import { createTopics } from '../kafka-topics.js';
import { replyTopicOf, requestTopicOf } from './topics.js';

export const floor = forkedPeer({
  name: 'floor',
  title: 'produce, read, produce, read: raw kafkajs without groups, one record per call',
  module: import.meta.url,
  prepare: (broker) => createTopics(broker, [requestTopicOf(broker, 'floor'), replyTopicOf(broker, 'floor')]),
});
