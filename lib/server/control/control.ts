import type { BrokerClock } from '../../wire/broker-clock.js';
import { ControlReader, type ControlReaderParts } from './control-reader.js';
import { Pongs, type PongsParts } from './pongs.js';
import { ServerState, type ServerStateParts } from './server-state.js';

export type ControlParts = Omit<ControlReaderParts, 'onMessage'> &
  Pick<PongsParts, 'id' | 'outbox'> &
  Omit<ServerStateParts, 'counters'> & { readonly clock: BrokerClock };

/** What clients ask of every server of a service, wired together: reader → pongs → outbox. */
export const controlOf = (parts: ControlParts): ControlReader => {
  const state = new ServerState({ ...parts, counters: () => parts.counters.snapshot() });
  const pongs = new Pongs({ ...parts, stateOf: (service, ask) => state.of(service, ask) });
  return new ControlReader({
    ...parts,
    onMessage: (service, message, envelope, record) => {
      if (message.kind === 'ping') pongs.answer(service, message, envelope, record);
    },
  });
};
