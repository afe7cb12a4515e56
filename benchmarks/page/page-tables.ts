import * as capacity from './capacity-tables.js';
import { legsTable } from './legs-table.js';
import * as others from './other-tables.js';
import type { Results } from './results.js';
import * as roundTrip from './round-trip-tables.js';

/** All tables of the page, by name. */
export function pageTables(results: Results): ReadonlyMap<string, string> {
  return new Map([
    ['peers', roundTrip.peersTable(results)],
    ['ratios', roundTrip.ratiosTable(results)],
    ['cpu', roundTrip.cpuTable(results)],
    ['targets', roundTrip.targetsTable(results)],
    ['before-and-after', roundTrip.beforeAndAfterTable(results)],
    ['payload', others.payloadTable(results)],
    ['fleets', others.fleetsTable(results)],
    ['open-loop', others.openLoopTable(results)],
    ['other-targets', others.otherTargetsTable(results)],
    ['streams-and-events', others.streamsAndEventsTable(results)],
    ['burst', others.burstTable(results)],
    ['start', others.startTable(results)],
    ['resident-size', others.residentSizeTable(results)],
    ['parts', others.partsTable(results)],
    ['legs', legsTable(results)],
    ['capacity', capacity.capacityTable(results)],
    ['request-partitions', capacity.requestPartitionsTable(results)],
    ['at-rest', capacity.atRestTable(results)],
    ['fleet-needs', capacity.fleetNeedsTable(results)],
  ]);
}
