/** Members of the package's classes, its private ones too: a bug is planted where it would be made. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Insides = any;
type Method = (this: Insides, ...given: Insides[]) => Insides;

const LATE_MS = 1_500;
const ONE_IN = 150;

/** The prototype of a class of the built package. */
const insidesOf = async (file: string, name: string): Promise<Insides> => {
  const url = new URL(`../../../../dist/esm/${file}.js`, import.meta.url);
  const module = (await import(url.href)) as Record<string, { readonly prototype: Insides }>;
  const found = module[name];
  if (found === undefined) throw new Error(`${file} has no ${name}.`);
  return found.prototype;
};

/** Puts another method in the place of one, which it is given. */
const replace = async (
  file: string,
  [name, method]: readonly [string, string],
  by: (own: Method) => Method,
) => {
  const insides = await insidesOf(file, name);
  if (typeof insides[method] !== 'function') throw new Error(`${name} has no ${method}.`);
  insides[method] = by(insides[method] as Method);
};

/** How each bug is made. Methods that are gone or have another name make the process fail: a patch that does nothing proves nothing. */
export const PATCHES: Readonly<Record<string, () => Promise<void>>> = {
  'commits-the-highest': () =>
    replace(
      'server/commits/offset-tracker',
      ['OffsetTracker', 'progress'],
      (own) =>
        function () {
          const progress = own.call(this);
          return progress && { ...progress, offset: this.highest + 1n };
        },
    ),

  'commits-before-the-reply': () =>
    replace(
      'server/incoming-call',
      ['IncomingCall', 'answer'],
      (own) =>
        function (this: Insides) {
          const isAnswered: boolean = own.call(this);
          if (isAnswered) this.finish();
          return isAnswered;
        },
    ),

  'keeps-state-after-revoke': () =>
    replace('server/group-consumer', ['GroupConsumer', 'onRevoked'], () => () => undefined),

  'commits-late': () =>
    replace(
      'driver/kafkajs/group-member',
      ['KafkajsGroupMember', 'commit'],
      (own) =>
        async function (offsets) {
          await own.call(this, offsets);
          setTimeout(() => void own.call(this, offsets).catch(() => undefined), LATE_MS);
        },
    ),

  'has-no-deadlines': () => replace('client/pending-call', ['PendingCall', 'expire'], () => () => undefined),

  'resolves-by-number-only': () =>
    replace(
      'client/reply-inbox',
      ['ReplyInbox', 'accept'],
      () => (envelope) => (envelope.direction === 'reply' ? envelope : undefined),
    ),

  'skips-replies-after-a-reset': async () => {
    await replace(
      'driver/kafkajs/fetch-loop',
      ['FetchLoop', 'fetchOnce'],
      (own) =>
        function (asked: Insides[]) {
          const { onFailure } = this.options;
          const failed = (...given: Insides[]): unknown => {
            for (const cursor of asked) cursor.jumps = cursor.topicPartition.topic.endsWith('.replies');
            return onFailure(...given);
          };
          return own.call({ __proto__: this, options: { ...this.options, onFailure: failed } }, asked);
        },
    );
    await replace(
      'driver/kafkajs/partition-cursor',
      ['PartitionCursor', 'deliver'],
      (own) =>
        function (this: Insides, fetched) {
          if (this.jumps) this.next = fetched.next;
          this.jumps = false;
          return own.call(this, fetched);
        },
    );
  },

  'runs-without-limit': () =>
    replace(
      'server/work-queue',
      ['WorkQueue', 'push'],
      (own) =>
        function (work) {
          this.options.concurrency = Infinity;
          return own.call(this, work);
        },
    ),

  'says-that-it-was-not-sent': () =>
    replace('client/pending-call', ['PendingCall', 'leave'], () => () => undefined),

  'repeats-definite-failures': () =>
    replace(
      'client/kafka-rpc-client',
      ['KafkaRpcClient', 'call'],
      (own) =>
        async function (this: Insides, ...given) {
          try {
            return await own.call(this, ...given);
          } catch (error) {
            if ((error as { status?: string }).status !== 'ALREADY_EXISTS') throw error;
            return await own.call(this, ...given);
          }
        },
    ),

  'mixes-runs-of-a-stream': () =>
    replace(
      'client/pending-call',
      ['PendingCall', 'isInOrder'],
      (own) =>
        function (this: Insides, message, server) {
          this.adopt(message.run, server);
          return message.index >= this.received && own.call(this, message, server);
        },
    ),

  'loses-a-call-now-and-then': () => {
    let calls = 0;
    return replace(
      'server/pending-record',
      ['PendingRecord', 'wasRun'],
      (own) =>
        function (...given) {
          return ++calls % ONE_IN === 0 || own.call(this, ...given);
        },
    );
  },
};
