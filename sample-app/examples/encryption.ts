// Encryption: one key on both sides. A client with another key learns it at its first call.
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { compression, encryption, KafkaRpcClient, keyring, type RpcError } from 'nestjs-kafka-rpc';
import { memoryDriver } from 'nestjs-kafka-rpc/memory';
import { startService } from './start-service.js';

@Controller()
class PatientController {
  @MessagePattern('patient.read')
  read(@Payload() { id }: { id: number }): string {
    return `patient ${id}`;
  }
}

/** In an app: 32 random bytes from your secret store. */
const stagesWith = (key: string) => [
  compression({ algorithm: 'gzip' }),
  encryption({ keyring: keyring({ current: 'k1', keys: { k1: Buffer.alloc(32, key) } }) }),
];

async function bootstrap(): Promise<void> {
  const driver = memoryDriver();
  const options = { service: 'patient', driver };
  const service = await startService(PatientController, { ...options, interceptors: stagesWith('right') });

  const friend = new KafkaRpcClient({ ...options, interceptors: stagesWith('right') });
  console.log((await friend.call<string>('patient.read', { id: 7 })).value);

  const stranger = new KafkaRpcClient({ ...options, interceptors: stagesWith('wrong') });
  await stranger.call('patient.read', { id: 7 }).catch((error: RpcError) => {
    console.log(`with another key: ${error.status}`); // the text names the stage and both key ids
  });

  await friend.close();
  await stranger.close();
  await service.close();
}

export const finished = bootstrap();
