/**
 * What zod, valibot, arktype and others have in common: a schema that checks a value (https://standardschema.dev, version 1). Only its
 * shape counts: no such library is imported.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': StandardSchemaProps<Input, Output>;
}

export interface StandardSchemaProps<Input = unknown, Output = Input> {
  readonly version: 1;
  readonly vendor: string;
  readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
  /** There for the types alone. */
  readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  /** The schema as JSON Schema, where its library can say it. */
  readonly jsonSchema?: {
    readonly input: (options: { readonly target: 'draft-07' }) => Record<string, unknown>;
  };
}

export type StandardResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type of a value before its schema has read it; `unknown` without one. */
export type SchemaInput<Schema> = Schema extends StandardSchema
  ? NonNullable<Schema['~standard']['types']>['input']
  : unknown;

/** The type of a value that its schema has read; `unknown` without one. */
export type SchemaOutput<Schema> = Schema extends StandardSchema
  ? NonNullable<Schema['~standard']['types']>['output']
  : unknown;
