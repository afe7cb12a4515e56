import { IteratedCall } from './iterated-call.js';
import type { CallObserver, OpenCall } from './pending-call.js';
import { RpcStream } from './rpc-stream.js';
import { SignalledCall } from './signalled-call.js';
import type { SplitStreamOptions } from './stream-options.js';
import { StreamWindow } from './stream-window.js';
import { SubscribedCall, type AnswerHooks } from './subscribed-call.js';

/** @param starter makes what starts a call: once for each subscriber and each loop */
export const openStream = <T>(
  { signal, window }: SplitStreamOptions,
  starter: () => (observer: CallObserver) => OpenCall,
  hooks: AnswerHooks,
): RpcStream<T> => {
  const begin = (observer: CallObserver): OpenCall => {
    const start = starter();
    return signal === undefined ? start(observer) : new SignalledCall(signal, observer, hooks).start(start);
  };
  return new RpcStream<T>({
    userCode: hooks.userCode,
    subscribe: (subscriber) => begin(new SubscribedCall(subscriber, hooks)),
    iterate: <V>() => new IteratedCall<V>(new StreamWindow(window), hooks, begin),
  });
};
