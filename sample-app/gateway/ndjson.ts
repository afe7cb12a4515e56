import type { Response } from 'express';
import { RpcError } from 'nestjs-kafka-rpc';
import type { Observable } from 'rxjs';

/**
 * Sends each value as a line of JSON when it comes. Who hangs up cancels the call, at the service too.
 * @throws what the stream failed with before its first value; a later failure is the last line.
 */
export const sendLines = (values: Observable<unknown>, response: Response): Promise<void> =>
  new Promise((resolve, reject) => {
    const subscription = values.subscribe({
      next: (value) => {
        if (!response.headersSent) response.type('application/x-ndjson');
        response.write(line(value));
      },
      error: (error: unknown) => {
        if (!response.headersSent) return reject(error);
        response.end(line({ error: RpcError.from(error) }));
      },
      complete: () => response.end(),
    });
    response.once('close', () => {
      subscription.unsubscribe();
      resolve();
    });
  });

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
