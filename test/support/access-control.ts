import kafkajs, { type Admin } from 'kafkajs';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

/** A right as the tables of docs/security.md have it: `Read` on `topic rpc.replies`. */
export interface Right {
  readonly operation: 'Read' | 'Write' | 'Create' | 'Describe' | 'DescribeConfigs';
  readonly kind: 'topic' | 'group';
  readonly name: string;
}

export const right = (operation: Right['operation'], kind: Right['kind'], name: string): Right => ({
  operation,
  kind,
  name,
});

const OPERATIONS = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
};
const KINDS = { topic: AclResourceTypes.TOPIC, group: AclResourceTypes.GROUP };

/** Gives rights to users of a broker that was started with `users`, and takes them back. */
export class AccessControl {
  private constructor(private readonly admin: Admin) {}

  /** @param direct where one may do all without a password */
  static async open(direct: readonly string[]): Promise<AccessControl> {
    const admin = new kafkajs.Kafka({ brokers: [...direct], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    return new AccessControl(admin);
  }

  async grant(user: string, ...rights: readonly Right[]): Promise<void> {
    await this.admin.createAcls({ acl: rights.map((each) => this.entry(user, each)) });
  }

  /** @returns how many of them the user had */
  async revoke(user: string, ...rights: readonly Right[]): Promise<number> {
    const filters = rights.map((each) => this.entry(user, each));
    const { filterResponses } = await this.admin.deleteAcls({ filters });
    return filterResponses.reduce((sum, { matchingAcls }) => sum + matchingAcls.length, 0);
  }

  close(): Promise<void> {
    return this.admin.disconnect();
  }

  private entry(user: string, { operation, kind, name }: Right) {
    return {
      resourceType: KINDS[kind],
      resourceName: name,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${user}`,
      host: '*',
      operation: OPERATIONS[operation],
      permissionType: AclPermissionTypes.ALLOW,
    };
  }
}
