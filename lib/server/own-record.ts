import type { TopicPartition } from '../driver/record.js';
import { ByteWriter } from '../protocol/byte-writer.js';
import { encodeEnvelope } from '../protocol/envelope.js';
import { encodeMessage } from '../protocol/message-encoder.js';
import type { DeferredMessage } from '../protocol/message.js';
import type { Codec, EncodedRecord } from '../wire/codec.js';

/** The envelope of records that one of ours writes in its own name, and that nobody answers. */
export const ownEnvelope = ({ serializer, stages }: Codec, sender: Buffer): Buffer =>
  encodeEnvelope({
    direction: 'request',
    sender,
    contentType: serializer.contentType,
    stages,
    replyTo: null,
  });

/** Bytes behind the wire stages, in the sender's own name. @throws RpcError what a stage refuses */
export const ownRecord = async (
  codec: Codec,
  sender: Buffer,
  { topic, partition }: TopicPartition,
  { bytes, isApart = false }: { readonly bytes: Buffer; readonly isApart?: boolean },
): Promise<EncodedRecord> => {
  const target = { direction: 'request', topic, partition, envelope: ownEnvelope(codec, sender) } as const;
  return codec.encode(bytes, isApart ? { ...target, isApart } : target);
};

/** One message as a record in the sender's own name. @throws RpcError what a stage refuses */
export const ownMessageRecord = async (
  codec: Codec,
  sender: Buffer,
  to: TopicPartition,
  message: DeferredMessage,
): Promise<EncodedRecord> => {
  const frames = new ByteWriter();
  encodeMessage(frames, message);
  return ownRecord(codec, sender, to, { bytes: frames.finish(), isApart: codec.keepsApart(message.pattern) });
};
