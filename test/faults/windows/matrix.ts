import { BROKER_WINDOWS } from './brokers.js';
import type { FaultWindow } from './fault-window.js';
import { NETWORK_WINDOWS } from './network.js';
import { SERVER_WINDOWS } from './servers.js';

/** Every fault, once. */
export const MATRIX: readonly FaultWindow[] = [...SERVER_WINDOWS, ...NETWORK_WINDOWS, ...BROKER_WINDOWS];

/** The part that belongs to every run of the tests. */
export const SHORT_TIER: readonly FaultWindow[] = MATRIX.filter(({ isShort }) => isShort);
