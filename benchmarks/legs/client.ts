import { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { firstValueFrom } from 'rxjs';
import { serviceOptions, type FleetSettings } from '../fleet/settings.js';
import type { Sum, Terms } from '../measure/load.js';
import { runLoad } from '../measure/load-loop.js';
import { sums } from '../measure/sums.js';
import { answerQuestions } from '../process/program.js';
import type { LegsClientCommands, Passage } from './commands.js';
import { markedDriver } from './marked-driver.js';
import { Moments } from './moments.js';

const moments = new Moments();
let client: KafkaRpcClient | undefined;

async function start(settings: FleetSettings): Promise<void> {
  client = new KafkaRpcClient({
    ...serviceOptions(settings),
    driver: markedDriver(settings.brokers, moments),
  });
  await call({ a: 1, b: 2, nonce: 0 });
}

async function call(terms: Terms): Promise<Sum> {
  if (client === undefined) throw new Error('The client was not started');
  return firstValueFrom(client.send<Sum, Terms>('sum', terms));
}

async function run(load: Parameters<LegsClientCommands['run']>[0]): Promise<readonly Passage[]> {
  const passages: Passage[] = [];
  const markedCall = async (terms: Terms): Promise<Sum> => {
    moments.mark('sent');
    const answer = await call(terms);
    moments.mark('answered');
    passages.push({ nonce: terms.nonce, moments: moments.taken() });
    return answer;
  };
  await runLoad(sums(markedCall), { ...load, concurrency: 1 });
  return passages;
}

const commands: LegsClientCommands = { start, run, warmUp: (load) => runLoad(sums(call), load) };
answerQuestions(commands, async () => client?.close());
