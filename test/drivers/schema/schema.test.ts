import test from 'ava';
import { compile } from '../../../src/drivers/schema/schema.ts';

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 2 },
    many: { type: 'array', items: { type: ['string', 'number'] } },
    'a/b~c': { type: 'boolean' },
    named: {
      type: 'object',
      propertyNames: { type: 'string', pattern: '^a' },
      additionalProperties: { type: 'string' },
    },
  },
};

test('what fits has no violation; what does not is told with its path', async (t) => {
  const check = await compile(schema);
  t.is(check({ name: 'ab', many: ['a', 1], named: { ab: 'x' } }), undefined);
  t.deepEqual(check({ many: ['a', {}] }), { path: ['many', '1'], reason: 'it is to be string or number' });
  t.deepEqual(check({ nam: 1 }), {
    path: [],
    key: 'nam',
    reason: "no member 'nam': there is name, many, a/b~c, named",
  });
  t.deepEqual(check({ named: { b: 'x' } }), { path: ['named'], key: 'b', reason: "'b' is no name here" });
  t.deepEqual(check({ 'a/b~c': 1 })?.path, ['a/b~c']);
  t.regex(check({ name: 'a' })!.reason, /2 characters/);
  t.deepEqual(check([])?.path, []);
});
