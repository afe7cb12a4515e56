import type { DriverLog } from '../driver.js';
import type { ClusterLink } from './cluster-link.js';
import { errorType } from './kafkajs-errors.js';
import { initProducerIdRequest, type ProducerId } from './requests/init-producer-id.js';

/** A right may be given while this process runs. */
const ASK_AGAIN_MS = 60_000;

/** The broker will not give an id, whenever it is asked. */
const REFUSALS = new Set([
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
  'INVALID_REQUEST',
]);

/**
 * Who the producer of a connection is to brokers: the id that makes a repeated batch known to them (KIP-98).
 * Where the broker gives none, that is said once, and the producer goes on without.
 */
export class ProducerIdentity {
  private id: ProducerId | undefined;
  private refusedAtMs = -Infinity;
  private isTold = false;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly link: Pick<ClusterLink, 'send'>,
    private readonly log: Pick<DriverLog, 'warn'>,
    private readonly now: () => number,
  ) {}

  /** Undefined while there is none: see `isDecided`. */
  get current(): ProducerId | undefined {
    return this.id;
  }

  /** Whether batches may leave, with an id or without. */
  get isDecided(): boolean {
    return this.id !== undefined || this.now() - this.refusedAtMs < ASK_AGAIN_MS;
  }

  /** Asks a broker, which may be any. Shared by all who ask at the same time. @throws what kafkajs throws */
  ask(nodeId: number): Promise<void> {
    this.asking ??= this.initialize(nodeId).finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  /** This id is of no more use: the next one who needs one asks for another. */
  forget(id: ProducerId): void {
    if (this.id?.producerId === id.producerId) this.id = undefined;
  }

  /** The broker takes no batch that has an id. */
  refuse(error: unknown): void {
    this.id = undefined;
    this.refusedAtMs = this.now();
    if (this.isTold) return;
    this.isTold = true;
    const reason = error instanceof Error ? error.message : String(error);
    this.log.warn(
      `The broker lets this client not produce idempotently (${reason}): from now on one batch of a partition is in ` +
        'flight at a time, and one whose answer is lost may be appended twice. Grant IdempotentWrite on the cluster ' +
        '(brokers before 2.8), or Write on a topic.',
    );
  }

  private async initialize(nodeId: number): Promise<void> {
    try {
      this.id = await this.link.send(nodeId, initProducerIdRequest());
    } catch (error) {
      if (!REFUSALS.has(errorType(error) ?? '')) throw error;
      this.refuse(error);
    }
  }
}
