import { RpcStatus } from '../../errors/status.js';

/** What an error of the broker means for who called, and what to change. */
export interface Advice {
  readonly status: RpcStatus;
  /** A sentence; undefined where the error says it all. */
  readonly todo?: string;
}

const DENIED = RpcStatus.PERMISSION_DENIED;
const UNFIT = RpcStatus.FAILED_PRECONDITION;
const INVALID = RpcStatus.INVALID_ARGUMENT;
const ABORTED: Advice = { status: RpcStatus.ABORTED };

const TOO_LARGE: Advice = {
  status: RpcStatus.RESOURCE_EXHAUSTED,
  todo: "Raise the topic's max.message.bytes, or lower maxRecordBytes.",
};

const TOO_OLD: Advice = { status: UNFIT, todo: 'Kafka 2.4 or later is needed.' };

const NOT_LET_IN: Advice = {
  status: RpcStatus.UNAUTHENTICATED,
  todo: 'Check the option sasl: its mechanism, user name and password.',
};

const UNTRUSTED: Advice = {
  status: RpcStatus.UNAUTHENTICATED,
  todo: "Check the option ssl: its ca must be that of the broker's certificate, which must name the host and be valid now.",
};

const NO_TLS: Advice = {
  status: UNFIT,
  todo: 'Check the option ssl: the port may speak no TLS, or ask for a client certificate (cert, key).',
};

/** By Kafka's names of errors. */
const BY_TYPE: Readonly<Record<string, Advice>> = {
  MESSAGE_TOO_LARGE: TOO_LARGE,
  RECORD_LIST_TOO_LARGE: TOO_LARGE,
  OFFSET_METADATA_TOO_LARGE: {
    status: RpcStatus.RESOURCE_EXHAUSTED,
    todo: "Raise the broker's offset.metadata.max.bytes, or lower commitMetadataBytes.",
  },
  TOPIC_AUTHORIZATION_FAILED: {
    status: DENIED,
    todo: 'Grant the right on the topic (an ACL): Read to read it, Write to write to it, Create to make it.',
  },
  GROUP_AUTHORIZATION_FAILED: { status: DENIED, todo: 'Grant Read on the group (an ACL).' },
  CLUSTER_AUTHORIZATION_FAILED: {
    status: DENIED,
    todo: 'Grant the right on the cluster (an ACL): Create, to make topics.',
  },
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: { status: DENIED },
  SASL_AUTHENTICATION_FAILED: NOT_LET_IN,
  UNSUPPORTED_SASL_MECHANISM: NOT_LET_IN,
  ILLEGAL_SASL_STATE: NOT_LET_IN,
  UNKNOWN_TOPIC_OR_PARTITION: {
    status: UNFIT,
    todo: 'The topic may have been deleted: where createTopics is true it is created again within seconds, else create it.',
  },
  INVALID_TOPIC_EXCEPTION: { status: INVALID, todo: 'Check the option topics.' },
  INVALID_PARTITIONS: { status: INVALID, todo: 'Check the options partitions and replyPartitions.' },
  INVALID_REPLICATION_FACTOR: {
    status: UNFIT,
    todo: 'Lower the option replicationFactor to the number of brokers, or set it to -1.',
  },
  INVALID_CONFIG: { status: UNFIT, todo: 'The broker does not take a setting of the topic.' },
  POLICY_VIOLATION: { status: UNFIT, todo: 'A policy of the cluster forbids it: make the topic yourself.' },
  INVALID_SESSION_TIMEOUT: {
    status: UNFIT,
    todo:
      "Set the option sessionTimeoutMs within the broker's group.min.session.timeout.ms (6000) and " +
      'group.max.session.timeout.ms (1800000), or change those.',
  },
  INVALID_GROUP_ID: { status: INVALID, todo: 'Check the option groupId.' },
  INCONSISTENT_GROUP_PROTOCOL: {
    status: UNFIT,
    todo: 'Members of another kind are in the group: set the option groupId to a group of its own.',
  },
  GROUP_MAX_SIZE_REACHED: {
    status: RpcStatus.RESOURCE_EXHAUSTED,
    todo: "Raise the broker's group.max.size, or run fewer servers.",
  },
  INVALID_REQUIRED_ACKS: { status: INVALID, todo: 'Check the option acks.' },
  UNSUPPORTED_VERSION: TOO_OLD,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: TOO_OLD,
  ILLEGAL_GENERATION: ABORTED,
  UNKNOWN_MEMBER_ID: ABORTED,
  REBALANCE_IN_PROGRESS: ABORTED,
  FENCED_INSTANCE_ID: ABORTED,
};

/** Why Node does not trust a certificate. */
const UNTRUSTED_CODES: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export const adviceOfType = (type: string): Advice | undefined => BY_TYPE[type];

/** What a socket that failed says of the settings, if it says anything; undefined for what is merely away. */
export const adviceOfSocket = (code: string | undefined): Advice | undefined => {
  if (code === undefined) return undefined;
  if (UNTRUSTED_CODES.has(code)) return UNTRUSTED;
  return code === 'EPROTO' || code.startsWith('ERR_SSL_') ? NO_TLS : undefined;
};
