import { askBroker, string16 } from './raw-request.js';

const FIND_COORDINATOR = { api: 10, version: 0 };

/** The node that coordinates a group, as one broker has it. @throws while there is none */
export async function coordinatorOf(broker: string, groupId: string): Promise<number> {
  const answer = await askBroker(broker, { ...FIND_COORDINATOR, body: string16(groupId) });
  const error = answer.readInt16BE(0);
  if (error !== 0) throw new Error(`FindCoordinator: error ${error}`);
  return answer.readInt32BE(2);
}
