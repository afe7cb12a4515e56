import type { Told } from '../support/program.js';

type Commands = Readonly<Record<string, (data: never) => unknown>>;

/** What the test gave this program. */
export const settings = <T>(): T => JSON.parse(process.argv[2] ?? '{}') as T;

/**
 * Says that the program is ready and answers the test's commands. The channel does not keep the process alive: it ends when
 * nothing else holds it, and at once when the test is gone.
 */
export const answerParent = (commands: Commands): void => {
  process.on('disconnect', () => process.exit());
  process.on('message', ({ id, command, data }: { id: number; command: string; data: never }) => {
    Promise.resolve()
      .then(() => commands[command]!(data))
      .then(
        (value) => tell({ kind: 'answer', id, value }),
        (error: unknown) => tell({ kind: 'answer', id, error: String(error) }),
      );
  });
  process.channel?.unref();
  tell({ kind: 'ready' });
};

/** Anything the test listens to with `onNews`. */
export const tellNews = (news: unknown): void => tell({ kind: 'news', news });

const tell = (told: Told): void => {
  if (process.connected) process.send?.(told);
};
