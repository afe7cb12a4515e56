import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import type { Sum, Terms } from '../measure/load.js';
import type { Operation } from '../measure/operation.js';
import { sums } from '../measure/sums.js';
import type { Work } from './commands.js';
import { payloadTexts } from './payloads.js';

type ClientOf = (caller: number) => KafkaRpcClient;

/** Work as a load repeats it; callers share the clients evenly. */
export function operationOf(work: Work, clients: readonly KafkaRpcClient[]): Operation {
  const clientOf: ClientOf = (caller) => clients[caller % clients.length]!;
  switch (work.kind) {
    case 'sum':
      return work.by === 'call' ? sumsByCall(clientOf) : sumsBySend(clientOf);
    case 'echo':
      return echoes(work.bytes, clientOf);
    case 'stream':
      return streams(work.values, clientOf);
    case 'emit':
      return emits(clientOf);
  }
}

const sumsBySend = (clientOf: ClientOf): Operation<Sum> =>
  sums((terms, caller) => firstValueFrom(clientOf(caller).send<Sum, Terms>('sum', terms)));

const sumsByCall = (clientOf: ClientOf): Operation<Sum> =>
  sums(async (terms, caller) => (await clientOf(caller).call<Sum>('sum', terms)).value);

function echoes(bytes: number, clientOf: ClientOf): Operation<string> {
  const texts = payloadTexts(bytes);
  const textOf = (at: number): string => texts[at % texts.length]!;
  return {
    run: (at, caller) => firstValueFrom(clientOf(caller).send<string, string>('echo', textOf(at))),
    check: (at, answer) => {
      if (answer !== textOf(at)) throw new Error(`Wrong echo: call ${at} got another text than it sent`);
    },
  };
}

function streams(values: number, clientOf: ClientOf): Operation<number> {
  return {
    run: (_at, caller) =>
      new Promise((resolve, reject) => {
        let received = 0;
        clientOf(caller)
          .send<number, number>('stream', values)
          .subscribe({
            next: (value) => {
              if (value === received) received += 1;
            },
            error: reject,
            complete: () => resolve(received),
          });
      }),
    check: (at, received) => {
      if (received !== values)
        throw new Error(`Stream ${at} brought ${received} of ${values} values in order`);
    },
  };
}

function emits(clientOf: ClientOf): Operation {
  return {
    run: (at, caller) => lastValueFrom(clientOf(caller).emit('event', at), { defaultValue: undefined }),
    check: () => undefined,
  };
}
