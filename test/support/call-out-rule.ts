import type { CallOut } from '../../lib/diagnostics/user-code.js';
import type { Rule } from './architecture-rules.js';

/** How user code of one kind looks where it is called, and the files that guard it there. */
interface Border {
  readonly calls: RegExp;
  readonly guards: readonly string[];
}

/**
 * Where user code may be called: in files that change their own state first, and in which what it throws is reported, or becomes
 * the outcome of the call or record that it is for. A new place is a decision: guard it, then write it down here.
 */
export const BORDERS: Readonly<Record<CallOut | 'logger', Border>> = {
  handler: {
    calls: /\bhandler\([\w, ]*\)/,
    guards: ['server/dispatcher.ts', 'server/batches/call-batch.ts'],
  },
  'handler teardown': {
    calls: /\b(?:iterator|reader|values)\??\.(?:return|cancel|subscribe)\??\.?\(|super\.unsubscribe\(/,
    guards: ['server/observed-values.ts', 'server/pulled-values.ts'],
  },
  observer: {
    calls: /\bsubscriber\.(?:next|error|complete)\(/,
    guards: [
      'client/subscribed-call.ts',
      'client/guarded-observable.ts',
      'client/rpc-stream.ts',
      'server/kafka-rpc-server.ts',
    ],
  },
  listener: {
    calls:
      /\blistener(?: as [^)]*\) => \w+\))?(?:\.call)?\(|\b(?:status|source)\.subscribe\(|_status\$\.next\(|\bobserver\[name\]\?\.\(/,
    guards: [
      'diagnostics/listeners.ts',
      'diagnostics/guarded-subscribers.ts',
      'client/guarded-observable.ts',
      'client/kafka-rpc-client.ts',
      'server/call-signal.ts',
      'server/kafka-rpc-server.ts',
      // Its own code's, told of rights that are missing.
      'driver/kafkajs/cluster-link.ts',
      'driver/kafkajs/open-cluster.ts',
      'driver/memory/partition-log.ts',
    ],
  },
  schema: {
    calls: /\]\.validate\(|\bjsonSchema\?\.input\(|\btoJsonSchema\(/,
    // What makes a document of contracts has one caller, who hears it.
    guards: ['contract/checked-value.ts', 'contract/async-api.ts'],
  },
  'wire stage': {
    calls: /\b(?:stage|interceptor)\.(?:open|encode|decode|keepsApart)\??\.?\(/,
    guards: ['wire/stage-chain.ts'],
  },
  serializer: {
    calls: /\bserializer\.(?:de)?serialize\(|\)\.toJSON\(|\bextension\.(?:en|de)code\(/,
    guards: [
      'wire/checked-serializer.ts',
      'wire/serializers/msgpack.ts',
      'wire/serializers/msgpack-prepare.ts',
      'client/call-sender.ts',
      'client/pending-call.ts',
      'client/answered-error.ts',
      'server/requested-handler.ts',
      'server/results/kept-outcome.ts',
      'server/kafka-rpc-context.ts',
      'server/reply-messages.ts',
      'server/reply-notes.ts',
      'server/dead-letters/failed-event.ts',
      'server/sendable-details.ts',
    ],
  },
  hook: {
    calls: /\bonProcessing(?:Start|End)Hook\??\.?\(/,
    guards: ['server/kafka-rpc-server.ts'],
  },
  'exception mapping': { calls: /\bmapException\(/, guards: ['server/handler-failure.ts'] },
  'retry rule': {
    calls: /\bon\(error\)/,
    guards: ['server/retries/retry-policy.ts', 'client/retries/call-retry-policy.ts'],
  },
  'dead letter hook': { calls: /\bonDeadLetter\(/, guards: ['server/retries/given-up-events.ts'] },
  logger: {
    calls: /(?:\blogger|new Logger\([^)]*\))\.(?:log|warn|error|debug|verbose)\??\.?\(/,
    guards: ['diagnostics/log.ts'],
  },
};

/** What is only said of code is not code. */
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

export const userCodeIsGuarded: Rule = (sources) =>
  sources.flatMap(({ file, text }) =>
    Object.entries(BORDERS)
      .filter(([, { guards, calls }]) => !guards.includes(file) && calls.test(withoutComments(text)))
      .map(([kind]) => `${file} calls a ${kind}, unguarded`),
  );
