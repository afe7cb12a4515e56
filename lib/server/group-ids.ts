import { describeError } from '../diagnostics/describe-error.js';
import { checkString, invalidOption } from '../errors/option-checks.js';
import { MAX_STRING_BYTES } from '../wire/wire-options.js';

/** The name of something of a service. */
export type NameOf = (service: string) => string;

/** As it stands in the options. */
export type GroupId = string | NameOf;

/** @throws RpcError `INVALID_ARGUMENT` */
export const checkGroupId = (groupId: unknown): GroupId | undefined => {
  if (groupId === undefined || groupId === null) return undefined;
  return typeof groupId === 'function'
    ? (groupId as (service: string) => string)
    : checkString('groupId', groupId, MAX_STRING_BYTES);
};

/** What the function gives; what it throws is no group id. */
const checkGroup = (groupId: NameOf, service: string): string => {
  let group: unknown;
  try {
    group = groupId(service);
  } catch (error) {
    const wants = `one that gives a group for "${service}": ${describeError(error)}`;
    throw invalidOption('groupId', groupId, wants);
  }
  return checkString('groupId', group, MAX_STRING_BYTES);
};

/** The consumer group of each service. @throws RpcError `INVALID_ARGUMENT` */
export const groupOfEach = (
  services: readonly string[],
  groupId: GroupId | undefined,
  usual: (service: string) => string,
): ((service: string) => string) => {
  if (groupId === undefined) return usual;
  if (typeof groupId === 'function') {
    const groups = new Map(services.map((service) => [service, checkGroup(groupId, service)]));
    return (service) => groups.get(service) ?? groupId(service);
  }
  if (services.length === 1) return () => groupId;
  throw invalidOption('groupId', groupId, 'a function of the service, as there are several services');
};
