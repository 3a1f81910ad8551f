import test from 'ava';
import { built } from '../support/program.ts';
import { Random } from './random.ts';
import { storm } from './storm.ts';

const ROUNDS = Number(process.env['WEFT_KILL_ROUNDS'] ?? 10);

test.before(built);

test('killed at any moment under load: what was acknowledged happened once, and nothing is half written', async (t) => {
  t.timeout(ROUNDS * 30_000);
  const random = new Random();
  t.log(`WEFT_SEED=${random.seed}`);
  t.log(await storm(ROUNDS, random, () => undefined));
  t.pass();
});
