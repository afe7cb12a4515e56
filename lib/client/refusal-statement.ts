import type { RefusalNotice } from '../diagnostics/channels.js';
import { printable } from '../diagnostics/printable.js';
import { formatInstanceId } from '../protocol/instance-id.js';
import type { RefusalMessage } from '../protocol/refusal-notice.js';
import { isKeyId } from '../wire/keyring/keyring.js';

const MAX_STAGES_SHOWN = 200;
const MAX_STAGE_SHOWN = 100;

/** What was heard, fit to be shown: who sent it is not known, and may have written anything. */
export const noticeOf = (refusal: RefusalMessage, server: Buffer): RefusalNotice => ({
  serverId: formatInstanceId(server),
  topic: refusal.topic,
  reason: refusal.code,
  serverStages: printable(refusal.serverStages, MAX_STAGES_SHOWN),
  ...(refusal.stage === '' ? undefined : { stage: printable(refusal.stage, MAX_STAGE_SHOWN) }),
  ...(isKeyId(refusal.keyId) ? { keyId: refusal.keyId } : undefined),
});

/** A notice in words: what does not fit, and what to do. */
export const statementOf = (notice: RefusalNotice, ownStages: string): string =>
  `A server of ${notice.topic} refuses this client's records: ${mismatchOf(notice, ownStages)} ` +
  `(So says ${notice.serverId}, and cannot prove it: if it is not true, the call may have run.)`;

const mismatchOf = (
  { reason, serverStages, stage = '', keyId }: RefusalNotice,
  ownStages: string,
): string => {
  if (reason === 'stages') {
    return (
      `its wire stages are [${serverStages}], this side's are [${ownStages}]. ` +
      'Give both sides the same interceptors in the same order.'
    );
  }
  const key = keyId === undefined ? 'no key id that it can read' : `key id "${keyId}"`;
  return (
    `its stage "${stage}" finds them not authentic, with ${key}. Give both sides the same key under this id: ` +
    'the same bytes, or the same passphrase and salt.'
  );
};
