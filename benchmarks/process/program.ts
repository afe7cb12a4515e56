import type { Answer, Commands, Question } from './ipc.js';

/**
 * The child's end: answers the main process's questions one by one until it is told to leave.
 * Ends by itself when the main process is gone, however that happened.
 */
export function answerQuestions<C extends Commands<C>>(commands: C, leave: () => Promise<void>): void {
  const handlers = new Map(Object.entries(commands)) as Map<string, (argument: unknown) => Promise<unknown>>;
  // Ctrl-C reaches every process of the terminal; only the main process decides what ends, and in which order.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(1));
  process.on('message', (message) => {
    const { id, command, argument } = message as Question;
    if (command === 'leave') {
      leave().then(
        () => process.exit(0),
        () => process.exit(1),
      );
      return;
    }
    const answered =
      handlers.get(command)?.(argument) ?? Promise.reject(new Error(`unknown command ${command}`));
    answered.then(
      (value) => reply({ id, value }),
      (error: unknown) => reply({ id, error: describe(error) }),
    );
  });
}

const reply = (answer: Answer): void => void process.send?.(answer, () => undefined);

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : JSON.stringify(error);
