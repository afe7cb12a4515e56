import type { KafkaRpcClient } from 'nestjs-kafka-rpc';
import type { Observer } from 'rxjs';

/** Calls that are open all at once. One observer serves all: what each of them takes is the package's, and RxJS's. */
export class HeldCalls {
  readonly answered: Promise<void>;

  constructor(client: KafkaRpcClient, calls: number) {
    this.answered = new Promise((resolve, reject) => {
      let open = calls;
      const observer: Observer<unknown> = {
        next: () => undefined,
        error: reject,
        complete: () => {
          open -= 1;
          if (open === 0) resolve();
        },
      };
      for (let at = 0; at < calls; at += 1) client.send('hold', at).subscribe(observer);
    });
    this.answered.catch(() => undefined);
  }
}
