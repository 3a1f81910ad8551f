/** What does not fit a schema: the first thing found. */
export interface Violation {
  readonly path: readonly string[];
  /** Where a key of the map at `path` is what is wrong. */
  readonly key?: string;
  readonly reason: string;
}

export type Check = (data: unknown) => Violation | undefined;

/** A check for a JSON schema (2020-12 vocabulary that ajv's default has). The library is loaded when it is first needed. */
export const compile = async (schema: object): Promise<Check> => {
  const { Ajv } = await import('ajv');
  const validate = new Ajv({ verbose: true, allowUnionTypes: true, strictTypes: true }).compile(schema);
  return (data) => {
    if (validate(data)) return undefined;
    const { instancePath, keyword, params, message, parentSchema, propertyName } = validate.errors![0]!;
    const path = instancePath
      .split('/')
      .slice(1)
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
    const { additionalProperty } = params as { additionalProperty?: string };
    if (keyword === 'additionalProperties' && additionalProperty !== undefined) {
      const known = Object.keys((parentSchema as { properties?: object }).properties ?? {}).join(', ');
      return { path, key: additionalProperty, reason: `no member '${additionalProperty}': there is ${known}` };
    }
    if (propertyName !== undefined) return { path, key: propertyName, reason: `'${propertyName}' is no name here` };
    if (keyword === 'type')
      return { path, reason: `it is to be ${[(params as { type: unknown }).type].flat().join(' or ')}` };
    return { path, reason: message ?? keyword };
  };
};
