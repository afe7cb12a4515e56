import type { PeerBroker } from '../peer.js';

export const requestTopicOf = ({ prefix }: PeerBroker, peer: string): string => `${prefix}${peer}.requests`;
export const replyTopicOf = ({ prefix }: PeerBroker, peer: string): string => `${prefix}${peer}.replies`;

/** There is one client, and it reads one partition. */
export const REPLY_PARTITION = 0;
