import { forkedPeer } from '../forked-peer.js';
import { createTopics } from '../kafka-topics.js';
import { replyTopicOf, requestTopicOf } from '../floor/topics.js';

export const floorFrames = forkedPeer({
  name: 'floor-frames',
  title: 'produce, read, produce, read: raw kafkajs without groups, all that wait in one record',
  module: import.meta.url,
  prepare: (broker) =>
    createTopics(broker, [requestTopicOf(broker, 'floor-frames'), replyTopicOf(broker, 'floor-frames')]),
});
